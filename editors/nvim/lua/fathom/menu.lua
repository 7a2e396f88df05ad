--- The suggestion as an entry of a completion menu, for the sources of nvim-cmp and blink.cmp.
local client_of = require('fathom.client').of

local M = {}

local kind_text = 1

--- Asks the server, and gives entries as the language server protocol has them. The menu has to ask
--- again at each key: a suggestion is for one place.
---@param buffer integer
---@param callback fun(items: lsp.CompletionItem[])
---@return fun() cancel
function M.items(buffer, callback)
  local client = client_of(buffer)
  if not client then
    callback({})
    return function() end
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@cast params lsp.InlineCompletionParams
  params.context = { triggerKind = 2 }
  local _, id = client:request('textDocument/inlineCompletion', params, function(_, result)
    local items = {}
    for _, item in ipairs(result and result.items or {}) do
      local first_line = item.insertText:match('[^\n]*')
      local is_block = #first_line < #item.insertText
      table.insert(items, {
        label = vim.trim(first_line) .. (is_block and ' ...' or ''),
        kind = kind_text,
        insertTextMode = 1,
        filterText = item.insertText,
        textEdit = { range = item.range, newText = item.insertText },
        documentation = {
          kind = 'markdown',
          value = ('```%s\n%s\n```'):format(vim.bo[buffer].filetype, item.insertText),
        },
        command = item.command,
        data = { client_id = client.id },
      })
    end
    callback(items)
  end, buffer)
  return function()
    if id then
      client:cancel_request(id)
    end
  end
end

--- Runs the command of an entry that was inserted.
---@param item lsp.CompletionItem
function M.inserted(item)
  local client = item.data and vim.lsp.get_client_by_id(item.data.client_id)
  if client and item.command then
    client:exec_cmd(item.command)
  end
end

return M
