--- Suggestions drawn at the cursor, at each key: Neovim's own inline completion waits for 200 ms.
---
--- A suggestion stays on the screen while it is typed, and is only ever extended meanwhile: the
--- server is asked at each key, but what it answers replaces only what no longer fits.
local Suggestion = require('fathom.suggestion')
local client_of = require('fathom.client').of

local M = {}

local namespace = vim.api.nvim_create_namespace('fathom.ghost_text')
local method = 'textDocument/inlineCompletion'
local invoked, automatic = 1, 2

---@class fathom.GhostText
---@field suggestions fathom.Suggestion[]
---@field index integer of the one that is shown
---@field request? { client: vim.lsp.Client, id: integer } the newest one that is not answered
---@field asked_at? string the text and cursor of the newest request
---@field dismissed_at? string the text and cursor where nothing should be shown
---@field enabled boolean
---@field group integer

---@type table<integer, fathom.GhostText>
local states = {}

--- Where the cursor of the current window is, and its line.
local function cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  return row - 1, column, vim.api.nvim_get_current_line()
end

local function moment(buffer)
  local row, column = cursor()
  return ('%d %d %d'):format(vim.api.nvim_buf_get_changedtick(buffer), row, column)
end

local function can_show()
  return vim.api.nvim_get_mode().mode:match('^[iR]') and vim.fn.pumvisible() == 0
end

---@param buffer integer
local function state_of_current(buffer)
  local state = states[buffer]
  return state and buffer == vim.api.nvim_get_current_buf() and state or nil
end

--- The one that is on the screen.
---@param state fathom.GhostText?
---@return fathom.Suggestion?
local function shown(state)
  return state and state.suggestions[state.index]
end

local function tell_shown(suggestion)
  local client = vim.lsp.get_client_by_id(suggestion.client_id)
  if client then
    client:notify('textDocument/didShowCompletion', { item = suggestion.item })
  end
end

---@param buffer integer
---@param state fathom.GhostText
local function draw(buffer, state)
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  local suggestion = shown(state)
  if not suggestion then
    return
  end
  local lines, covers = suggestion:lines()
  local drawn = vim.tbl_map(function(line)
    return { { line, 'ComplHint' } }
  end, lines)
  if #state.suggestions > 1 then
    local count = (' (%d/%d)'):format(state.index, #state.suggestions)
    table.insert(drawn[#drawn], { count, 'ComplHintMore' })
  end
  vim.api.nvim_buf_set_extmark(buffer, namespace, suggestion.row, #suggestion.before, {
    virt_text = table.remove(drawn, 1),
    virt_text_pos = covers and 'overlay' or 'inline',
    virt_lines = drawn,
    hl_mode = 'combine',
    strict = false,
  })
end

---@param buffer integer
---@param state fathom.GhostText
---@param suggestions fathom.Suggestion[]
---@param index integer?
local function show(buffer, state, suggestions, index)
  local old = shown(state)
  state.suggestions, state.index = suggestions, index or 1
  local new = shown(state)
  draw(buffer, state)
  if new and not (old and old.item == new.item) then
    tell_shown(new)
  end
end

---@param state fathom.GhostText
local function cancel(state)
  if state.request then
    state.request.client:cancel_request(state.request.id)
    state.request = nil
  end
end

---@param buffer integer
---@param state fathom.GhostText
local function hide(buffer, state)
  cancel(state)
  state.asked_at = nil
  show(buffer, state, {})
end

--- What the server answered, as suggestions for the cursor where it is.
local function suggestions_of(result, client)
  local row, column, line = cursor()
  local suggestions = {}
  for _, item in ipairs(result and (result.items or result) or {}) do
    table.insert(suggestions, Suggestion.new(item, client, line, row, column))
  end
  return suggestions
end

--- The one among them that extends what is on the screen.
local function index_of_same(suggestions, current)
  for index, suggestion in ipairs(suggestions) do
    if current and vim.startswith(suggestion.rest, current.rest) then
      return index
    end
  end
  return 1
end

---@param buffer integer
---@param state fathom.GhostText
---@param kind integer
local function ask(buffer, state, kind)
  local client = client_of(buffer)
  if not client or not client:supports_method(method, buffer) then
    return
  end
  cancel(state)
  local asked_at = moment(buffer)
  state.asked_at = asked_at
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params lsp.InlineCompletionParams
  params.context = { triggerKind = kind }
  local is_sent, id = client:request(method, params, function(err, result)
    if state.asked_at ~= asked_at or states[buffer] ~= state then
      return
    end
    state.request = nil
    if err or state_of_current(buffer) == nil or moment(buffer) ~= asked_at or not can_show() then
      return
    end
    local suggestions = suggestions_of(result, client)
    show(buffer, state, suggestions, index_of_same(suggestions, shown(state)))
  end, buffer)
  -- A server of this process may have answered already.
  if is_sent and state.asked_at == asked_at then
    state.request = { client = client, id = id }
  end
end

--- After a key or a movement.
---@param buffer integer
local function update(buffer)
  local state = state_of_current(buffer)
  if not state or not state.enabled then
    return
  end
  if not can_show() then
    hide(buffer, state)
    return
  end
  local now = moment(buffer)
  if now == state.asked_at or now == state.dismissed_at then
    return
  end
  state.dismissed_at = nil
  local row, column, line = cursor()
  local left, index = {}, 1
  for i, suggestion in ipairs(state.suggestions) do
    local rest = suggestion:typed_along(line, row, column)
    if rest then
      table.insert(left, rest)
      index = i == state.index and #left or index
    end
  end
  local is_same = shown(state) and shown(state):typed_along(line, row, column)
  show(buffer, state, is_same and left or {}, index)
  ask(buffer, state, automatic)
end

--- Draws suggestions in a buffer from now on.
---@param buffer integer
function M.attach(buffer)
  if states[buffer] then
    return
  end
  local group = vim.api.nvim_create_augroup('fathom.ghost_text.' .. buffer, {})
  states[buffer] = { suggestions = {}, index = 1, enabled = true, group = group }
  vim.api.nvim_create_autocmd(
    { 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP', 'CompleteChanged' },
    {
      group = group,
      buffer = buffer,
      -- Not inside the event: TextChangedP and CompleteChanged forbid changes of the buffer's marks.
      callback = vim.schedule_wrap(function()
        update(buffer)
      end),
    }
  )
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, {
    group = group,
    buffer = buffer,
    callback = function()
      hide(buffer, states[buffer])
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufDelete', 'BufWipeout' }, {
    group = group,
    buffer = buffer,
    callback = function()
      M.detach(buffer)
    end,
  })
  if buffer == vim.api.nvim_get_current_buf() then
    update(buffer)
  end
end

---@param buffer integer
function M.detach(buffer)
  local state = states[buffer]
  if state then
    states[buffer] = nil
    cancel(state)
    vim.api.nvim_del_augroup_by_id(state.group)
    if vim.api.nvim_buf_is_valid(buffer) then
      vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
    end
  end
end

--- The suggestion on the screen of the current window.
---@return fathom.Suggestion?
function M.shown()
  return shown(states[vim.api.nvim_get_current_buf()])
end

--- Inserts the suggestion, or a part of it.
---@param part 'all'|'word'|'line'
---@return boolean accepted
function M.accept(part)
  local buffer = vim.api.nvim_get_current_buf()
  local state = states[buffer]
  local suggestion = shown(state)
  local row, column, line = cursor()
  -- Typed into since it was drawn: what is inserted fits what is there now.
  suggestion = suggestion and suggestion:typed_along(line, row, column)
  if not state or not suggestion then
    return false
  end
  local text, end_row, end_column = suggestion:insert(part, row, column)

  local client = vim.lsp.get_client_by_id(suggestion.client_id)
  if text == suggestion.rest then
    hide(buffer, state)
    if client and suggestion.item.command then
      client:exec_cmd(suggestion.item.command, { bufnr = buffer })
    end
  else
    if client then
      client:notify('textDocument/didPartiallyAcceptCompletion', {
        item = suggestion.item,
        acceptedLength = #suggestion.item.insertText - #suggestion.rest + #text,
      })
    end
    local before = vim.api.nvim_get_current_line():sub(1, end_column)
    show(buffer, state, { suggestion:inserted(text, end_row, before) })
  end
  return true
end

--- Shows another suggestion; asks the server for more when there is one at most.
---@param step integer 1 or -1
function M.select(step)
  local buffer = vim.api.nvim_get_current_buf()
  local state = states[buffer]
  if not state then
    return
  end
  if #state.suggestions > 1 then
    show(buffer, state, state.suggestions, (state.index - 1 + step) % #state.suggestions + 1)
  else
    M.trigger()
  end
end

--- Asks now, also where suggestions are switched off.
function M.trigger()
  local buffer = vim.api.nvim_get_current_buf()
  local state = states[buffer]
  if state and can_show() then
    state.dismissed_at = nil
    ask(buffer, state, invoked)
  end
end

--- Takes the suggestion away until something is typed.
---@return boolean dismissed
function M.dismiss()
  local buffer = vim.api.nvim_get_current_buf()
  local state = states[buffer]
  if not state or not shown(state) then
    return false
  end
  hide(buffer, state)
  state.dismissed_at = moment(buffer)
  return true
end

--- Switches suggestions of a buffer on or off.
---@param buffer integer
---@param enable boolean
function M.enable(buffer, enable)
  local state = states[buffer]
  if state then
    state.enabled = enable
    hide(buffer, state)
  end
end

---@param buffer integer
---@return boolean
function M.is_enabled(buffer)
  return states[buffer] ~= nil and states[buffer].enabled
end

--- fathom/didExtendCompletion: what is shown is longer now; ask again if it is still there.
---@param params { textDocument: lsp.TextDocumentIdentifier, position: lsp.Position }
function M.extend(params)
  local buffer = vim.uri_to_bufnr(params.textDocument.uri)
  local state = state_of_current(buffer)
  if state and shown(state) and can_show() then
    ask(buffer, state, automatic)
  end
end

return M
