--- From a key to the ghost text on the screen, in the real Neovim with the plugin and the daemon.
---
---   scripts/neovim.sh --clean -l bench/neovim_typing.lua FATHOM
---
--- Types a function into a file, a key every 120 ms, and takes the time from each key to the first
--- redraw in which a suggestion for the text as it is then is on the screen. Prints Markdown.

local fathom = assert(arg[1], 'usage: neovim_typing.lua FATHOM')
local repository = vim.fn.getcwd()
local Editor = dofile('tests/editors/nvim/editor.lua')

local source = {
  'int add(int a, int b) {',
  '  return a + b;',
  '}',
  '',
  'int sum(const std::vector<int>& values) {',
  '  int total = 0;',
  '  for (size_t i = 0; i < values.size(); ++i) {',
  '    total += values[i];',
  '  }',
  '  return total;',
  '}',
}

local function percentile(values, p)
  table.sort(values)
  return values[math.max(1, math.ceil(p * #values))]
end

local editor = Editor.start(
  repository .. '/scripts/neovim.sh',
  repository,
  '--cmd',
  'set runtimepath^=' .. repository .. '/editors/nvim'
)
local folder = vim.fn.tempname()
vim.fn.mkdir(folder, 'p')
editor:lua(
  [[
  local fathom, folder, model = ...
  vim.g.fathom = { binary = fathom, arguments = { '--socket', folder .. '/s', '--model', model } }
  vim.lsp.enable('fathom')
  vim.cmd.edit(folder .. '/sum.cpp')
  vim.bo.autoindent, vim.bo.cindent, vim.bo.indentexpr = false, false, ''
  _G.times, _G.n_keys = {}, 0
  local pressed
  vim.on_key(function(_, typed)
    if typed ~= '' then pressed, n_keys = vim.uv.hrtime(), n_keys + 1 end
  end)
  vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace('bench'), {
    on_end = function()
      local suggestion = require('fathom.ghost_text').shown()
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      if pressed and suggestion and suggestion.row == row - 1 and #suggestion.before == column then
        table.insert(times, (vim.uv.hrtime() - pressed) / 1e6)
        pressed = nil
      end
    end,
  })
]],
  fathom,
  folder,
  repository .. '/models/nano/fathom-nano.gguf'
)
vim.wait(3000) -- the daemon starts and loads the model
editor:type('i')
for _, line in ipairs(source) do
  for key in (line .. '\n'):gmatch('.') do
    editor:type(key == '<' and '<lt>' or key == '\n' and '<CR>' or key)
    vim.wait(120)
    editor:lua('vim.cmd.redraw()')
  end
end
local times, n_keys = editor:lua('return times'), editor:lua('return n_keys')
editor:lua([[
  local client = vim.lsp.get_clients({ name = 'fathom' })[1]
  vim.uv.kill(client:request_sync('fathom/status', vim.empty_dict(), 5000, 0).result.pid, 'sigterm')
]])
editor:stop()
vim.fn.delete(folder, 'rf')
print('| keys | with a suggestion | median ms | 95th percentile ms |')
print('|---|---|---|---|')
print(
  ('| %d | %d | %.1f | %.1f |'):format(
    n_keys,
    #times,
    percentile(times, 0.5),
    percentile(times, 0.95)
  )
)
os.exit(0)
