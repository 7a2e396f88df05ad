--- Keys of the insert mode. Each does what it did before where fathom shows nothing.
local config = require('fathom.config')

local M = {}

--- What a key does without fathom, for an expression mapping.
---@param key string
---@param mapping table<string, any> of maparg()
---@return string
local function otherwise(key, mapping)
  if mapping.callback then
    if mapping.expr == 1 then
      return mapping.callback() or ''
    end
    vim.schedule(mapping.callback)
    return ''
  end
  if mapping.rhs and mapping.rhs ~= '' then
    return mapping.expr == 1 and vim.api.nvim_eval(mapping.rhs) or mapping.rhs
  end
  return key
end

--- Keys that mean something only while a suggestion is on the screen.
local needs_suggestion = { accept = true, accept_word = true, accept_line = true, dismiss = true }

local function is_shown()
  if config.get().ghost_text ~= 'native' then
    return require('fathom.ghost_text').shown() ~= nil
  end
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil and #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { limit = 1 }) > 0
end

--- Maps the keys of the configuration, in a buffer.
---@param buffer integer
function M.map(buffer)
  local keys = config.get().keys
  if not keys then
    return
  end
  for name, key in pairs(keys) do
    local plug = ('<Plug>(fathom-%s)'):format((name:gsub('_', '-')))
    if key and needs_suggestion[name] then
      local before = vim.fn.maparg(key, 'i', false, true)
      if before.buffer ~= 1 or before.desc ~= 'fathom' then
        vim.keymap.set('i', key, function()
          return is_shown() and plug or otherwise(key, before)
        end, { buffer = buffer, expr = true, remap = true, desc = 'fathom' })
      end
    elseif key and vim.fn.maparg(key, 'i') == '' then
      vim.keymap.set('i', key, plug, { buffer = buffer, remap = true, desc = 'fathom' })
    end
  end
end

return M
