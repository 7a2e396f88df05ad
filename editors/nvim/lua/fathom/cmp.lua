--- A source for nvim-cmp: `require('cmp').register_source('fathom', require('fathom.cmp').new())`.
local menu = require('fathom.menu')

local Source = {}
Source.__index = Source

function Source.new()
  return setmetatable({}, Source)
end

function Source:is_available()
  return require('fathom.client').of() ~= nil
end

function Source:get_debug_name()
  return 'fathom'
end

--- After everything: a suggestion may begin anywhere.
function Source:get_keyword_pattern()
  return '.'
end

function Source:complete(params, callback)
  menu.items(params.context.bufnr, function(items)
    callback({ items = items, isIncomplete = true })
  end)
end

function Source:execute(item, callback)
  menu.inserted(item)
  callback(item)
end

return Source
