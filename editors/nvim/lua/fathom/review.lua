--- Reviews what has changed. The findings come by themselves, as diagnostics of the server's; here
--- are the request, the quickfix list and a word on how far it is.
local client_module = require('fathom.client')

local M = {}

local n_asked = 0
---@type { client: vim.lsp.Client, request: integer?, token: string, message: string }?
local running
local title = 'fathom review'
local types = { error = 'E', warning = 'W', note = 'I' }

local function say(message, level)
  vim.notify('fathom: ' .. message, level or vim.log.levels.INFO)
end

--- A review ends: its word in the statusline goes.
local function finish()
  running = nil
  vim.cmd.redrawstatus()
end

--- Where the findings are, for the quickfix list.
---@param findings table[] of the server's result
---@param encoding string
local function items_of(findings, encoding)
  return vim
    .iter(findings)
    :map(function(finding)
      local location = { uri = finding.uri, range = finding.range }
      local item = vim.lsp.util.locations_to_items({ location }, encoding)[1]
      local fix = finding.hasFix and ' (has a fix)' or ''
      item.text = ('%s [%s]%s'):format(finding.message, finding.category, fix)
      item.type = types[finding.severity]
      return item
    end)
    :totable()
end

local function show(result, encoding)
  local is_ours = vim.fn.getqflist({ title = 0 }).title == title
  if #result.findings > 0 or is_ours then
    vim.fn.setqflist({}, is_ours and 'r' or ' ', {
      title = title,
      items = items_of(result.findings, encoding),
    })
  end
  if #result.findings > 0 then
    vim.cmd('botright copen | wincmd p')
  elseif is_ours then
    vim.cmd.cclose()
  end
  local lines = { result.summary }
  if not result.complete then
    for _, left_out in ipairs(result.notReviewed) do
      table.insert(lines, ('  %s: %s'):format(left_out.path, left_out.reason))
    end
  end
  say(table.concat(lines, '\n'), result.complete and vim.log.levels.INFO or vim.log.levels.WARN)
end

--- Starts a review of the repository that holds the current file, or of the folder that is open.
--- A review that is running ends.
---@param scope 'changes'|'staged'|'branch'
---@param base? string of 'branch'; default: the repository's default branch
function M.run(scope, base)
  local client = client_module.any()
  if not client then
    client_module.expect()
    return
  end
  n_asked = n_asked + 1
  local review =
    { client = client, token = ('fathom.nvim/review/%d'):format(n_asked), message = '' }
  running = review
  local is_file = vim.bo.buftype == '' and vim.api.nvim_buf_get_name(0) ~= ''
  local place = is_file and vim.api.nvim_buf_get_name(0) or client.root_dir or vim.fn.getcwd()
  local is_sent, request = client:request('workspace/executeCommand', {
    command = 'fathom.review',
    arguments = {
      { uri = vim.uri_from_fname(vim.fs.normalize(place)), scope = scope, base = base },
    },
    workDoneToken = review.token,
  }, function(err, result)
    if running ~= review then
      return -- a newer one was asked for
    end
    finish()
    if err then
      say(err.message, vim.log.levels.ERROR)
    else
      show(result, client.offset_encoding)
    end
  end, 0)
  if not is_sent then
    finish()
    say('the server has ended; :Fathom restart starts it again', vim.log.levels.ERROR)
    return
  end
  review.request = request
  vim.cmd.redrawstatus()
end

--- Ends the review that is running. What it has found stays.
function M.stop()
  if not running then
    say('no review is running')
    return
  end
  running.client:cancel_request(running.request) -- whose answer Neovim keeps to itself
  finish()
  say('the review was stopped; what it has found stays')
end

--- Takes the findings of all reviews away.
function M.clear()
  for _, client in ipairs(vim.lsp.get_clients({ name = 'fathom' })) do
    client:request(
      'workspace/executeCommand',
      { command = 'fathom.clearReview' },
      function() end,
      0
    )
  end
  if vim.fn.getqflist({ title = 0 }).title == title then
    vim.fn.setqflist({}, 'r', { title = title, items = {} })
    vim.cmd.cclose()
  end
end

--- For the statusline: how far the review is; nil: none is running.
---@return string?
function M.progress()
  return running and ('fathom: review %s'):format(running.message):gsub('%s+$', '') or nil
end

--- `:Fathom review [staged | branch [NAME] | stop | clear]`.
---@param arguments string[]
function M.command(arguments)
  local what = arguments[1] or 'changes'
  if what == 'stop' then
    M.stop()
  elseif what == 'clear' then
    M.clear()
  elseif what == 'changes' or what == 'staged' or what == 'branch' then
    M.run(what, what == 'branch' and arguments[2] or nil)
  else
    say(
      ('there is no :Fathom review %s; there are changes, staged, branch, stop and clear'):format(
        what
      ),
      vim.log.levels.ERROR
    )
  end
end

--- Branches of the repository of the current file.
local function branches()
  local result = vim
    .system(
      { 'git', 'for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/remotes' },
      { text = true, timeout = 2000, cwd = vim.fs.root(0, '.git') }
    )
    :wait()
  return result.code == 0 and vim.split(vim.trim(result.stdout), '\n', { plain = true }) or {}
end

--- What may follow `:Fathom review` and `words`.
---@param words string[]
---@return string[]
function M.completions(words)
  if #words == 0 then
    return { 'branch', 'changes', 'clear', 'staged', 'stop' }
  end
  return words[1] == 'branch' and #words == 1 and branches() or {}
end

vim.api.nvim_create_autocmd('LspProgress', {
  group = vim.api.nvim_create_augroup('fathom.review', {}),
  callback = function(event)
    local params = event.data.params
    if running and params.token == running.token and params.value.message then
      running.message = params.value.message
      vim.cmd.redrawstatus()
    end
  end,
})

return M
