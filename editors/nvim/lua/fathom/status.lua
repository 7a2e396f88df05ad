--- What the server says of itself: a word for the statusline, and a page.
local client_module = require('fathom.client')
local float = require('fathom.float')

local M = {}

---@type { busy: boolean, kind: string, message: string, server?: string }?
local last

--- didChangeStatus
function M.set(params)
  last = params
  vim.cmd.redrawstatus()
end

--- For statuslines: "" without a server in this buffer.
---@return string
function M.line()
  if not client_module.of() then
    return ''
  end
  local review = package.loaded['fathom.review']
  local progress = review and review.progress()
  if progress then
    return progress
  end
  if not last then
    return 'fathom'
  elseif last.kind == 'Error' then
    return 'fathom!'
  elseif last.kind == 'Warning' then
    return 'fathom?'
  elseif last.busy then
    return 'fathom...'
  end
  return last.server and 'fathom@' .. last.server:gsub('^%w+://', '') or 'fathom'
end

local function bytes(n)
  return n >= 1e9 and ('%.1f GB'):format(n / 1e9) or ('%.0f MB'):format(n / 1e6)
end

---@param server { origin: string, consent: boolean|vim.NIL, problem?: string }
local function where_text_goes(server)
  if server.consent == vim.NIL then
    return ('nobody yet; may it go to %s? (:Fathom server)'):format(server.origin)
  elseif not server.consent then
    return ('this machine; it may not go to %s (:Fathom server asks again)'):format(server.origin)
  elseif server.problem then
    return ('this machine, until %s answers again: %s'):format(server.origin, server.problem)
  end
  return server.origin .. '; you have allowed it'
end

--- `fathom/status` in words.
---@param status table<string, any>
---@return string[]
function M.lines(status)
  local lines = { 'fathom ' .. status.version }
  for _, model in ipairs(status.models) do
    local name = vim.fs.basename(model.model)
    local text = ('%s: %s, %s'):format(model.role, name, model.state)
    if model.state == 'ready' then
      text = ('%s on %s, %s of weights, %s of cache'):format(
        text,
        model.backend,
        bytes(model.weight_bytes),
        bytes(model.cache_bytes)
      )
    elseif model.state == 'loading' then
      text = ('%s (%.0f %%)'):format(text, 100 * model.progress)
    elseif model.state == 'failed' then
      text = text .. ': ' .. model.error
    end
    table.insert(lines, text)
    if model.server then
      table.insert(lines, model.role .. ': text goes to ' .. where_text_goes(model.server))
    end
  end
  local completions = status.completions
  if completions then
    vim.list_extend(lines, {
      ('suggestions: %d asked for, %d shown, %d without computing'):format(
        completions.requests,
        completions.shown,
        completions.from_cache
      ),
      ('cache: %d of %d prompt tokens were there'):format(
        completions.reused_tokens,
        completions.prompt_tokens
      ),
    })
  end
  if status.pid then
    table.insert(
      lines,
      ('daemon %d, %d clients, up for %d s'):format(status.pid, #status.clients, status.uptime_s)
    )
  end
  return lines
end

function M.show()
  local client = client_module.expect()
  if not client then
    return
  end
  client:request('fathom/status', vim.empty_dict(), function(err, result)
    if err then
      vim.notify('fathom: ' .. err.message, vim.log.levels.ERROR)
    else
      float.open('fathom', M.lines(result))
    end
  end, 0)
end

return M
