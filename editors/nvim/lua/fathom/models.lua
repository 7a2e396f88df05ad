--- Chooses the model that suggests: the built-in one, or one that was pulled.
local config = require('fathom.config')
local expect_client = require('fathom.client').expect

local M = {}

--- From now on the server is started with this model, so that a restart keeps it.
---@param model string
local function remember(model)
  local given = vim.deepcopy(vim.g.fathom or {})
  local arguments = {}
  local words = vim.iter(config.get().arguments)
  for word in words do
    if word == '--model' then
      words:next()
    else
      table.insert(arguments, word)
    end
  end
  given.arguments = model ~= '' and vim.list_extend(arguments, { '--model', model }) or arguments
  vim.g.fathom = given
end

---@param model string|vim.NIL '': the built-in one; vim.NIL: what fathom.toml says
---@param label string
local function use(model, label)
  local client = expect_client()
  if not client then
    return
  end
  client:request('fathom/chooseModel', { model = model }, function(err)
    if err then
      local message = 'fathom: %s cannot be used, the model stays: %s'
      vim.notify(message:format(label, err.message), vim.log.levels.ERROR)
      return
    end
    if model == vim.NIL then
      remember('')
      vim.notify(('fathom: %s is in use, as fathom.toml says'):format(label))
      return
    end
    remember(model)
    local message = 'fathom: %s is in use, in all editors until the daemon ends. '
      .. 'To keep it: engine.model = "%s" in fathom.toml (:help fathom-model)'
    vim.notify(message:format(label, model))
  end, 0)
end

--- What can be chosen: what fathom.toml names, the built-in model, then those that are here.
---@param listed { pulled: { name: string }[] } `fathom models --json`
---@param configured? { model: string, server: string } of `fathom/status`
---@return { label: string, model: string|vim.NIL }[]
local function choices_of(listed, configured)
  local choices = {}
  local named = configured and (configured.server ~= '' and configured.server or configured.model)
  if named and named ~= '' then
    table.insert(choices, { label = named .. ' (fathom.toml)', model = vim.NIL })
  end
  table.insert(choices, { label = 'the built-in model', model = '' })
  for _, pulled in ipairs(listed.pulled) do
    table.insert(choices, { label = pulled.name, model = pulled.name })
  end
  return choices
end

--- Asks which model, or takes the one that is named.
---@param name? string
function M.choose(name)
  if name then
    use(name, name)
    return
  end
  local client = expect_client()
  if not client or not config.check_binary() then
    return
  end
  local configured
  client:request('fathom/status', vim.empty_dict(), function(_, status)
    configured = status and status.configured
  end, 0)
  vim.system({ config.get().binary, 'models', '--json' }, { text = true }, function(result)
    vim.schedule(function()
      local is_read, listed = pcall(vim.json.decode, result.stdout)
      if result.code ~= 0 or not is_read then
        vim.notify('fathom: ' .. vim.trim(result.stderr), vim.log.levels.ERROR)
        return
      end
      local options = {
        prompt = 'Which model suggests? (fathom pull gets more, see :Fathom models)',
        format_item = function(choice)
          return choice.label
        end,
      }
      vim.ui.select(choices_of(listed, configured), options, function(choice)
        if choice then
          use(choice.model, choice.label)
        end
      end)
    end)
  end)
end

return M
