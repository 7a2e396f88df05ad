--- Asks the model about code, shows the answer as it comes, and offers the edit that it makes.
local AnswerView = require('fathom.answer_view')
local expect_client = require('fathom.client').expect

local M = {}

local n_asked = 0

--- The lines of a range as the protocol has them; all of the document without one.
---@param lines? { first: integer, last: integer } from 1
local function range_of(lines)
  if lines then
    return {
      start = { line = lines.first - 1, character = 0 },
      ['end'] = { line = lines.last, character = 0 },
    }
  end
end

--- Shows what an edit would change, and makes it if the user says so.
---@param edit lsp.WorkspaceEdit
---@param client vim.lsp.Client
---@param view fathom.AnswerView
local function offer(edit, client, view)
  local diff = require('fathom.edit_preview').diff(edit, client.offset_encoding)
  view:append('answer', ('\n\nAs an edit:\n```diff\n%s```\n'):format(diff))
  local choices = { 'Apply the edit', 'Discard it' }
  vim.ui.select(choices, { prompt = 'fathom: ' .. view.title }, function(choice)
    if choice == choices[1] then
      vim.lsp.util.apply_workspace_edit(edit, client.offset_encoding)
    end
  end)
end

--- Runs a command of the server.
---@param command string 'fathom.explain' and so on; see docs/lsp-extensions.md
---@param title string of the window
---@param arguments table<string, any> besides the document
---@param lines? { first: integer, last: integer } from 1
---@return fathom.AnswerView?
function M.run(command, title, arguments, lines)
  local buffer = vim.api.nvim_get_current_buf()
  local client = expect_client(buffer)
  if not client then
    return nil
  end
  n_asked = n_asked + 1
  local token = ('fathom.nvim/%d'):format(n_asked)
  local argument = vim.tbl_extend('force', {
    uri = vim.uri_from_bufnr(buffer),
    range = range_of(lines),
  }, arguments)

  ---@type fathom.AnswerView, integer, integer?
  local view, listener, request_id
  local function finish(state, problem)
    request_id = nil
    vim.api.nvim_del_autocmd(listener)
    view:finish(state, problem)
  end
  view = AnswerView.open(title, {
    on_stop = function()
      if request_id then
        client:cancel_request(request_id) -- whose answer Neovim keeps to itself
        finish('stopped')
      end
    end,
    on_answer_now = function()
      client:notify('fathom/answerNow', { token = token })
    end,
  })
  listener = vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      local params = event.data.params
      local piece = params.token == token and params.value.fathom
      if piece then
        view:append(piece.channel, piece.delta)
      end
    end,
  })
  local is_sent
  is_sent, request_id = client:request('workspace/executeCommand', {
    command = command,
    arguments = { argument },
    workDoneToken = token,
  }, function(err, result)
    if err then
      finish('stopped', err.message)
      return
    end
    finish('done', result.editProblem and 'No edit: ' .. result.editProblem)
    if result.edit then
      offer(result.edit, client, view)
    end
  end, buffer)
  if not is_sent then
    finish('stopped', 'The server has ended; :Fathom restart starts it again.')
  end
  return view
end

return M
