--- A source for blink.cmp: `providers = { fathom = { name = 'fathom', module = 'fathom.blink' } }`.
local menu = require('fathom.menu')

local Source = {}
Source.__index = Source

function Source.new()
  return setmetatable({}, Source)
end

function Source:enabled()
  return require('fathom.client').of() ~= nil
end

function Source:get_completions(context, callback)
  return menu.items(context.bufnr, function(items)
    callback({ items = items, is_incomplete_forward = true, is_incomplete_backward = true })
  end)
end

function Source:execute(_, item, callback, default_implementation)
  default_implementation()
  menu.inserted(item)
  callback()
end

return Source
