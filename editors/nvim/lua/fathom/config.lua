--- What `vim.g.fathom` says; everything about the model and the suggestions themselves is in
--- fathom's own configuration (`fathom config`).
local M = {}

---@class fathom.Config
---@field binary string the program
---@field arguments string[] after `fathom lsp`
---@field ghost_text 'own'|'native'|'off' who draws suggestions: this plugin (at once), Neovim 0.12
---  (200 ms after the last key), or nobody
---@field keys table<fathom.Key, string|false>|false keys of the insert mode; false: none

---@alias fathom.Key 'accept'|'accept_word'|'accept_line'|'next'|'previous'|'dismiss'|'trigger'

---@type fathom.Config
local defaults = {
  binary = 'fathom',
  arguments = {},
  ghost_text = 'own',
  keys = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-C-Right>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<C-]>',
    trigger = '<M-Bslash>',
  },
}

local ghost_texts = { own = true, native = true, off = true }

--- What is wrong with `given`, a line each.
---@param given any
---@return string[]
function M.problems(given)
  if type(given) ~= 'table' then
    return { ('vim.g.fathom is a %s; it should be a table'):format(type(given)) }
  end
  local problems = {}
  local function check(name, is_right, expected)
    if given[name] ~= nil and not is_right(given[name]) then
      table.insert(problems, ('%s should be %s, and is ignored'):format(name, expected))
    end
  end
  check('binary', function(value)
    return type(value) == 'string' and value ~= ''
  end, 'the name or path of a program')
  check('arguments', vim.islist, 'a list of words')
  check('ghost_text', function(value)
    return ghost_texts[value]
  end, '"own", "native" or "off"')
  check('keys', function(value)
    return value == false or type(value) == 'table'
  end, 'a table of keys, or false')
  local function check_names(values, known, prefix)
    for name in pairs(values) do
      if known[name] == nil then
        local names = vim.tbl_keys(known)
        table.sort(names)
        table.insert(
          problems,
          ('%s%s is not known; there are %s'):format(prefix, name, table.concat(names, ', '))
        )
      end
    end
  end
  check_names(given, defaults, '')
  if type(given.keys) == 'table' then
    check_names(given.keys, defaults.keys, 'keys.')
  end
  table.sort(problems)
  return problems
end

--- The configuration as it is now. Wrong values count as absent; `:checkhealth fathom` names them.
---@return fathom.Config
function M.get()
  local given = type(vim.g.fathom) == 'table' and vim.g.fathom or {}
  local config = vim.deepcopy(defaults)
  if type(given.binary) == 'string' and given.binary ~= '' then
    config.binary = vim.fn.expand(given.binary)
  end
  if vim.islist(given.arguments) then
    config.arguments = given.arguments
  end
  if ghost_texts[given.ghost_text] then
    config.ghost_text = given.ghost_text
  end
  if config.ghost_text == 'native' and not vim.lsp.inline_completion then
    config.ghost_text = 'own' -- Neovim 0.11
  end
  if given.keys == false then
    config.keys = false
  elseif type(given.keys) == 'table' then
    config.keys = vim.tbl_extend('force', config.keys, given.keys)
  end
  return config
end

--- The language server's command line.
---@return string[]
function M.command()
  local config = M.get()
  return vim.list_extend({ config.binary, 'lsp' }, config.arguments)
end

local has_complained = false

--- Whether the program is there. Says once what to do if it is not.
---@return boolean
function M.check_binary()
  local binary = M.get().binary
  if vim.fn.executable(binary) == 1 then
    return true
  end
  if not has_complained then
    has_complained = true
    local message = 'fathom: there is no program "%s". Install it, or set '
      .. 'vim.g.fathom = { binary = "/path/to/fathom" } and restart Neovim; '
      .. ':checkhealth fathom tells more.'
    vim.schedule(function()
      vim.notify(message:format(binary), vim.log.levels.ERROR)
    end)
  end
  return false
end

return M
