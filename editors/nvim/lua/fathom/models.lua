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

---@param model string '': the built-in one
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
    remember(model)
    local message = 'fathom: %s is in use, in all editors until the daemon ends. '
      .. 'To keep it: engine.model = "%s" in fathom.toml (:help fathom-model)'
    vim.notify(message:format(label, model))
  end, 0)
end

--- What can be chosen: the built-in model first, then those that are here.
---@param listed { pulled: { name: string }[] } `fathom models --json`
---@return { label: string, model: string }[]
local function choices_of(listed)
  local choices = { { label = 'the built-in model', model = '' } }
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
  if not config.check_binary() then
    return
  end
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
      vim.ui.select(choices_of(listed), options, function(choice)
        if choice then
          use(choice.model, choice.label)
        end
      end)
    end)
  end)
end

return M
