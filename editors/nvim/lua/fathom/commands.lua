--- `:Fathom SUBCOMMAND`.
local config = require('fathom.config')

local M = {}

---@class fathom.Command what a user command is called with; see nvim_create_user_command()
---@field fargs string[]
---@field bang boolean
---@field range integer
---@field line1 integer
---@field line2 integer

--- The lines that a command was given; nil: none.
---@param command fathom.Command
local function lines_of(command)
  if command.range > 0 then
    return { first = command.line1, last = command.line2 }
  end
end

--- What follows the subcommand, as it was written.
local function text_of(command)
  return table.concat(vim.list_slice(command.fargs, 2), ' ')
end

--- A subcommand that asks the model about the range or the file.
local function about_code(name, title)
  return function(command)
    require('fathom.ask').run(name, title, vim.empty_dict(), lines_of(command))
  end
end

local function show_output(title, arguments)
  local binary = config.get().binary
  if not config.check_binary() then
    return
  end
  vim.system(vim.list_extend({ binary }, arguments), { text = true }, function(result)
    vim.schedule(function()
      local text = vim.trim(result.stdout .. result.stderr)
      require('fathom.float').open(title, vim.split(text, '\n', { plain = true }))
    end)
  end)
end

---@type table<string, fun(command: fathom.Command)>
local subcommands = {
  explain = function(command)
    local question = text_of(command)
    require('fathom.ask').run(
      'fathom.explain',
      question ~= '' and question or 'Explanation',
      question ~= '' and { question = question } or vim.empty_dict(),
      lines_of(command)
    )
  end,
  ask = function(command)
    local function ask(question)
      if question and question ~= '' then
        local arguments = { question = question }
        require('fathom.ask').run('fathom.ask', question, arguments, lines_of(command))
      end
    end
    local question = text_of(command)
    if question ~= '' then
      ask(question)
    else
      vim.ui.input({ prompt = 'Question about this code: ' }, ask)
    end
  end,
  bugs = about_code('fathom.findBugs', 'Bugs'),
  document = about_code('fathom.document', 'Documentation'),
  tests = about_code('fathom.writeTests', 'Tests'),
  fix = function(command)
    local line = command.range > 0 and command.line1 or vim.api.nvim_win_get_cursor(0)[1]
    local diagnostic = vim.diagnostic.get(0, { lnum = line - 1 })[1]
    if not diagnostic then
      vim.notify('fathom: there is no diagnostic in line ' .. line, vim.log.levels.WARN)
      return
    end
    local last = (diagnostic.end_lnum or diagnostic.lnum) + 1
    require('fathom.ask').run(
      'fathom.fix',
      'Fix: ' .. diagnostic.message:match('[^\n]*'),
      { diagnostic = diagnostic.message },
      lines_of(command) or { first = diagnostic.lnum + 1, last = last }
    )
  end,
  review = function(command)
    require('fathom.review').command(vim.list_slice(command.fargs, 2))
  end,
  why = function()
    require('fathom.why').show()
  end,
  status = function()
    require('fathom.status').show()
  end,
  doctor = function()
    show_output('fathom doctor', { 'doctor' })
  end,
  models = function()
    show_output('fathom models', { 'models' })
  end,
  model = function(command)
    require('fathom.models').choose(command.fargs[2])
  end,
  server = function()
    local client = require('fathom.client').expect()
    if client then
      client:request('workspace/executeCommand', { command = 'fathom.askAboutServer' }, nil, 0)
    end
  end,
  config = function()
    show_output('fathom config', { 'config' })
  end,
  log = function()
    local state = vim.env.XDG_STATE_HOME or vim.fs.joinpath(vim.env.HOME or '', '.local/state')
    local path = vim.fs.joinpath(state, 'fathom', 'daemon.log')
    if vim.uv.fs_stat(path) then
      vim.cmd.tabedit(vim.fn.fnameescape(path))
      vim.bo.readonly = true
      vim.cmd('normal! G')
    else
      vim.notify(
        'fathom: there is no daemon log yet; this editor writes to ' .. vim.lsp.log.get_filename()
      )
    end
  end,
  toggle = function(command)
    local ghost_text = require('fathom.ghost_text')
    local buffers = { vim.api.nvim_get_current_buf() }
    local enable = not ghost_text.is_enabled(buffers[1])
    if command.bang then
      buffers = vim.api.nvim_list_bufs()
    end
    for _, buffer in ipairs(buffers) do
      ghost_text.enable(buffer, enable)
    end
    vim.notify(
      ('fathom: suggestions are %s %s'):format(
        enable and 'on' or 'off',
        command.bang and 'everywhere' or 'in this buffer'
      )
    )
  end,
  restart = function()
    vim.lsp.enable('fathom', false)
    vim.wait(3000, function()
      return #vim.lsp.get_clients({ name = 'fathom' }) == 0
    end, 20)
    vim.lsp.enable('fathom')
  end,
}

---@param command fathom.Command
function M.run(command)
  local subcommand = subcommands[command.fargs[1]]
  if subcommand then
    subcommand(command)
  else
    vim.notify(
      ('fathom: there is no :Fathom %s; there are %s'):format(
        command.fargs[1],
        table.concat(M.names(), ', ')
      ),
      vim.log.levels.ERROR
    )
  end
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  return names
end

--- For the command line.
---@param prefix string
---@param line string
---@return string[]
function M.complete(prefix, line)
  local words = vim.split(line:match('Fathom!?%s+(.*)$') or '', '%s+')
  words[#words] = nil -- what is being typed
  local known = {}
  if #words == 0 then
    known = M.names()
  elseif words[1] == 'review' then
    known = require('fathom.review').completions(vim.list_slice(words, 2))
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, prefix)
  end, known)
end

return M
