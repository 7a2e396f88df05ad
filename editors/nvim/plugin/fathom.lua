-- Cheap: everything else is loaded when it is first used.
if vim.g.loaded_fathom then
  return
end
vim.g.loaded_fathom = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify_once('fathom needs Neovim 0.11 or later', vim.log.levels.ERROR)
  return
end

vim.api.nvim_set_hl(0, 'ComplHint', { link = 'NonText', default = true })
vim.api.nvim_set_hl(0, 'ComplHintMore', { link = 'MoreMsg', default = true })

local actions = {
  accept = "require('fathom').accept()",
  ['accept-word'] = "require('fathom').accept('word')",
  ['accept-line'] = "require('fathom').accept('line')",
  next = "require('fathom').select(1)",
  previous = "require('fathom').select(-1)",
  dismiss = "require('fathom').dismiss()",
  trigger = "require('fathom').trigger()",
}
for name, action in pairs(actions) do
  vim.keymap.set('i', ('<Plug>(fathom-%s)'):format(name), ('<Cmd>lua %s<CR>'):format(action))
end

vim.api.nvim_create_user_command('Fathom', function(command)
  require('fathom.commands').run(command)
end, {
  nargs = '+',
  range = true,
  bang = true,
  desc = 'fathom',
  complete = function(...)
    return require('fathom.commands').complete(...)
  end,
})

local group = vim.api.nvim_create_augroup('fathom', {})
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= 'fathom' then
      return
    end
    local ghost_text = require('fathom.config').get().ghost_text
    if ghost_text == 'own' then
      require('fathom.ghost_text').attach(event.buf)
    elseif ghost_text == 'native' then
      require('fathom.native').attach(event.buf)
    end
    if ghost_text ~= 'off' then
      require('fathom.keys').map(event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd('LspDetach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'fathom' then
      require('fathom.ghost_text').detach(event.buf)
    end
  end,
})
