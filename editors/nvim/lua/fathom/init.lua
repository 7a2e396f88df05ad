--- fathom in Neovim: `:help fathom`.
local config = require('fathom.config')
local ghost_text = require('fathom.ghost_text')

local M = {}

local function is_native()
  return config.get().ghost_text == 'native'
end

--- Optional: sets `vim.g.fathom` and starts the language server.
---@param options fathom.Config? a part of it
function M.setup(options)
  vim.g.fathom = vim.tbl_deep_extend('force', vim.g.fathom or {}, options or {})
  local problems = config.problems(vim.g.fathom)
  if #problems > 0 then
    vim.notify('fathom: ' .. table.concat(problems, '\n'), vim.log.levels.WARN)
  end
  vim.lsp.enable('fathom')
end

--- Inserts what is shown at the cursor, or its first word or line.
---@param part? 'all'|'word'|'line' default: all
---@return boolean accepted false if nothing is shown
function M.accept(part)
  return (is_native() and require('fathom.native') or ghost_text).accept(part or 'all')
end

--- Shows the next (1) or the previous (-1) suggestion.
---@param step integer
function M.select(step)
  (is_native() and require('fathom.native') or ghost_text).select(step)
end

--- Takes the suggestion away until something is typed.
---@return boolean dismissed false if nothing was shown
function M.dismiss()
  return ghost_text.dismiss()
end

--- Asks for a suggestion now.
function M.trigger()
  ghost_text.trigger()
end

--- For statuslines: empty without a server.
---@return string
function M.status()
  return require('fathom.status').line()
end

return M
