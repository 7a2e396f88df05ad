--- One suggestion of the server, and what is left of it while somebody types it.
---
--- Positions are bytes from 0, as in Neovim's API.
---@class fathom.Suggestion
---@field item lsp.InlineCompletionItem as the server sent it
---@field client_id integer
---@field row integer of the cursor
---@field before string of the line, up to the cursor
---@field replaced string behind the cursor, goes when the suggestion is accepted
---@field after string the rest of the line, stays
---@field rest string what is to be inserted at the cursor
local Suggestion = {}
Suggestion.__index = Suggestion

--- The item at a cursor; nil if it does not belong there.
---@param item lsp.InlineCompletionItem
---@param client vim.lsp.Client
---@param line string of the cursor
---@param row integer
---@param column integer
---@return fathom.Suggestion?
function Suggestion.new(item, client, line, row, column)
  local range, text = item.range, item.insertText
  if type(text) ~= 'string' or not range or range.start.line ~= row or range['end'].line ~= row then
    return nil
  end
  local encoding = client.offset_encoding
  local first = vim.str_byteindex(line, encoding, range.start.character, false)
  local last = vim.str_byteindex(line, encoding, range['end'].character, false)
  local typed = line:sub(first + 1, column)
  if first > column or last < column or not vim.startswith(text, typed) or #text == #typed then
    return nil
  end
  return setmetatable({
    item = item,
    client_id = client.id,
    row = row,
    before = line:sub(1, column),
    replaced = line:sub(column + 1, last),
    after = line:sub(last + 1),
    rest = text:sub(#typed + 1),
  }, Suggestion)
end

--- The same one after more of it was typed; nil if something else happened.
---@param line string of the cursor
---@param row integer
---@param column integer
---@return fathom.Suggestion?
function Suggestion:typed_along(line, row, column)
  local typed = line:sub(#self.before + 1, column)
  local same_place = row == self.row
    and column >= #self.before
    and vim.startswith(line, self.before)
    and line:sub(column + 1) == self.replaced .. self.after
  if not same_place or not vim.startswith(self.rest, typed) or #typed >= #self.rest then
    return nil
  end
  return self:inserted(typed, row, line:sub(1, column))
end

--- What is left after its first bytes were inserted.
---@param text string they
---@param row integer of the cursor behind them
---@param before string the line up to there
---@return fathom.Suggestion
function Suggestion:inserted(text, row, before)
  return setmetatable({
    item = self.item,
    client_id = self.client_id,
    row = row,
    before = before,
    replaced = self.replaced,
    after = self.after,
    rest = self.rest:sub(#text + 1),
  }, Suggestion)
end

--- What is accepted as a word: one, with what stands before it.
---@return string
function Suggestion:first_word()
  return self.rest:match('^%s*[%w_\128-\255]+')
    or self.rest:match('^%s*[^%w_%s\128-\255]+')
    or self.rest
end

--- What is accepted as a line: the rest of this one, or the next one.
---@return string
function Suggestion:first_line()
  return self.rest:match('^\n?[^\n]*')
end

--- Inserts it, or a part of it, at the cursor of the current window.
---@param part 'all'|'word'|'line'
---@param row integer of the cursor
---@param column integer
---@return string text what was inserted
---@return integer end_row of the cursor now
---@return integer end_column
function Suggestion:insert(part, row, column)
  local text = self.rest
  if part ~= 'all' then
    text = part == 'word' and self:first_word() or self:first_line()
  end
  local lines = vim.split(text, '\n', { plain = true })
  local last = text == self.rest and column + #self.replaced or column
  vim.api.nvim_buf_set_text(0, row, column, row, last, lines)
  local end_row = row + #lines - 1
  local end_column = (#lines == 1 and column or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { end_row + 1, end_column })
  return text, end_row, end_column
end

--- How it is drawn at the cursor.
---@return string[] lines the first one stands at the cursor
---@return boolean covers whether the first one covers the text behind the cursor
function Suggestion:lines()
  local lines = vim.split(self.rest, '\n', { plain = true })
  if self.replaced == '' then
    return lines, false
  end
  if #lines == 1 and vim.endswith(lines[1], self.replaced) then
    return { lines[1]:sub(1, -#self.replaced - 1) }, false
  end
  local missing = vim.fn.strdisplaywidth(self.replaced) - vim.fn.strdisplaywidth(lines[1])
  lines[1] = lines[1] .. (' '):rep(math.max(0, missing))
  return lines, true
end

return Suggestion
