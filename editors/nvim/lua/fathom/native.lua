--- Neovim's own inline completion (0.12), with what it lacks: words, lines, and a fresh look at the
--- text before something is accepted.
local Suggestion = require('fathom.suggestion')
local inline_completion = vim.lsp.inline_completion

local M = {}

---@param buffer integer
function M.attach(buffer)
  inline_completion.enable(true, { bufnr = buffer })
end

--- Inserts the suggestion, or a part of it.
---@param part 'all'|'word'|'line'
---@return boolean accepted
function M.accept(part)
  local buffer = vim.api.nvim_get_current_buf()
  local accepted = false
  inline_completion.get({
    bufnr = buffer,
    on_accept = function(item)
      -- Builds before neovim#41434 insert what was typed since the request a second time; what is
      -- computed here for the cursor as it is now is right on all of them.
      local client = assert(vim.lsp.get_client_by_id(item.client_id))
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      row = row - 1
      if not item.range or type(item.insert_text) ~= 'string' then
        return
      end
      local first_row, first, _, last = item.range:to_extmark()
      local line = vim.api.nvim_get_current_line()
      local typed = line:sub(first + 1, column)
      if first_row ~= row or not vim.startswith(item.insert_text, typed) then
        return
      end
      local suggestion = setmetatable({
        rest = item.insert_text:sub(#typed + 1),
        replaced = line:sub(column + 1, last),
      }, Suggestion)
      local text = suggestion:insert(part, row, column)
      if text == suggestion.rest and item.command then
        client:exec_cmd(item.command, { bufnr = buffer })
      end
      accepted = true
    end,
  })
  return accepted
end

--- Shows another suggestion.
---@param step integer 1 or -1
function M.select(step)
  inline_completion.select({ count = step })
end

return M
