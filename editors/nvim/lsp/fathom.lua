-- For `vim.lsp.enable('fathom')`; see `:help fathom`.
local config = require('fathom.config')

---@type vim.lsp.Config
return {
  -- A function, because Neovim leaves out a server whose program is missing without a word.
  cmd = function(dispatchers)
    return vim.lsp.rpc.start(config.command(), dispatchers)
  end,
  -- Every file: fathom says nothing where it knows nothing, and `completion.disabled_languages` of
  -- its configuration switches languages off.
  filetypes = nil,
  root_dir = function(buffer, on_dir)
    if config.check_binary() then
      on_dir(vim.fs.root(buffer, { '.fathom.toml', '.git' }))
    end
  end,
  handlers = {
    ['fathom/didExtendCompletion'] = function(_, params)
      require('fathom.ghost_text').extend(params)
    end,
    ['didChangeStatus'] = function(_, params)
      require('fathom.status').set(params)
    end,
  },
}
