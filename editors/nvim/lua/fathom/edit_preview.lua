--- What a WorkspaceEdit would change, as a diff.
local M = {}

local diff = vim.text and vim.text.diff or vim.diff

---@param uri string
---@return string[]
local function lines_of(uri)
  local path = vim.uri_to_fname(uri)
  local buffer = vim.fn.bufnr(path)
  if buffer ~= -1 and vim.api.nvim_buf_is_loaded(buffer) then
    return vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
  end
  return vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
end

---@param uri string
---@param edits lsp.TextEdit[]
---@param encoding string
---@return string
local function diff_of(uri, edits, encoding)
  local before = lines_of(uri)
  local scratch = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(scratch, 0, -1, true, before)
  vim.lsp.util.apply_text_edits(edits, scratch, encoding)
  local after = vim.api.nvim_buf_get_lines(scratch, 0, -1, true)
  vim.api.nvim_buf_delete(scratch, { force = true })
  local name = vim.fn.fnamemodify(vim.uri_to_fname(uri), ':.')
  return ('--- %s\n+++ %s\n'):format(name, name)
    .. diff(table.concat(before, '\n') .. '\n', table.concat(after, '\n') .. '\n', { ctxlen = 3 })
end

---@param edit lsp.WorkspaceEdit
---@param encoding string of positions in it
---@return string unified diffs, one after the other
function M.diff(edit, encoding)
  local diffs = {}
  for uri, edits in pairs(edit.changes or {}) do
    table.insert(diffs, diff_of(uri, edits, encoding))
  end
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument then
      table.insert(diffs, diff_of(change.textDocument.uri, change.edits, encoding))
    end
  end
  return table.concat(diffs)
end

return M
