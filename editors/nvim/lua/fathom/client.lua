--- The language server of a buffer.
local M = {}

---@param buffer integer? default: the current one
---@return vim.lsp.Client?
function M.of(buffer)
  return vim.lsp.get_clients({ name = 'fathom', bufnr = buffer or 0 })[1]
end

--- That of the current buffer or, in a window that shows none (a list, an answer), any.
---@return vim.lsp.Client?
function M.any()
  return M.of() or vim.lsp.get_clients({ name = 'fathom' })[1]
end

--- As `of`, and says what to do if there is none.
---@param buffer integer?
---@return vim.lsp.Client?
function M.expect(buffer)
  local client = M.of(buffer)
  if not client then
    vim.notify(
      "fathom: no server for this buffer; vim.lsp.enable('fathom') starts it, :checkhealth fathom tells more",
      vim.log.levels.WARN
    )
  end
  return client
end

return M
