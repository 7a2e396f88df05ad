--- `:checkhealth fathom`
local config = require('fathom.config')

local M = {}

local function check_program()
  local binary = config.get().binary
  if vim.fn.executable(binary) == 0 then
    vim.health.error(('there is no program "%s"'):format(binary), {
      'install fathom, so that `fathom --version` works in a terminal',
      'or say where it is: vim.g.fathom = { binary = "/path/to/fathom" }',
    })
    return
  end
  local version = vim.system({ binary, '--version' }, { text = true, timeout = 5000 }):wait()
  if version.code ~= 0 then
    vim.health.error(
      ('%s --version failed: %s'):format(binary, vim.trim(version.stderr)),
      { 'run it in a terminal to see why' }
    )
    return
  end
  vim.health.ok(('%s is %s'):format(vim.fn.exepath(binary), vim.trim(version.stdout)))
  local doctor = vim.system({ binary, 'doctor' }, { text = true, timeout = 60000 }):wait()
  local lines = vim.trim(doctor.stdout .. doctor.stderr)
  if doctor.code == 0 then
    vim.health.ok('fathom doctor:\n' .. lines)
  else
    vim.health.error('fathom doctor:\n' .. lines)
  end
end

local function check_configuration()
  local problems = config.problems(vim.g.fathom or {})
  for _, problem in ipairs(problems) do
    vim.health.error('vim.g.fathom: ' .. problem, { 'see :help fathom-configuration' })
  end
  if #problems == 0 then
    vim.health.ok('vim.g.fathom')
  end
  local native = vim.lsp.inline_completion
  if native and native.is_enabled() and config.get().ghost_text == 'own' then
    vim.health.warn(
      'suggestions are drawn twice, by this plugin and by vim.lsp.inline_completion',
      {
        'leave out vim.lsp.inline_completion.enable()',
        'or set vim.g.fathom = { ghost_text = "native" }',
      }
    )
  end
end

local function check_server()
  if vim.lsp.is_enabled and not vim.lsp.is_enabled('fathom') then
    vim.health.warn('the language server is not enabled', { "add vim.lsp.enable('fathom')" })
    return
  end
  local clients = vim.lsp.get_clients({ name = 'fathom' })
  if #clients == 0 then
    vim.health.warn('the language server is enabled, but does not run', {
      'open a file: it starts with the first one',
      'look into :Fathom log and ' .. vim.lsp.log.get_filename(),
    })
  end
  for _, client in ipairs(clients) do
    local n_buffers = #vim.tbl_keys(client.attached_buffers)
    vim.health.ok(('the language server serves %d buffers'):format(n_buffers))
  end
end

function M.check()
  vim.health.start('fathom: program')
  check_program()
  vim.health.start('fathom: configuration')
  check_configuration()
  vim.health.start('fathom: language server')
  check_server()
end

return M
