--- "Why this suggestion": what the last one of the buffer was made of.
local expect_client = require('fathom.client').expect
local float = require('fathom.float')

local M = {}

--- The ledger (docs/lsp-extensions.md) in words.
---@param ledger table<string, any>
---@return string[]
function M.lines(ledger)
  local lines = {
    ('%-22s %7s %7s  %s'):format('what', 'tokens', 'cached', 'from'),
  }
  for _, piece in ipairs(ledger.pieces) do
    local place = piece.path
    if piece.lines then
      place = ('%s:%d-%d'):format(place, piece.lines.first + 1, piece.lines.last + 1)
    end
    table.insert(lines, ('%-22s %7d %7d  %s'):format(piece.kind, piece.tokens, piece.reused, place))
  end
  vim.list_extend(lines, {
    '',
    ('%d tokens for a prompt of %d, of which %d were in the cache'):format(
      ledger.tokens,
      ledger.promptTokens,
      ledger.reusedTokens
    ),
    ('first token after %.0f ms, all after %.0f ms; mean log-probability %.2f'):format(
      ledger.msFirstToken,
      ledger.msTotal,
      ledger.meanLogprob
    ),
    'ended by: ' .. ledger.stop,
  })
  if ledger.maskedSecrets > 0 then
    table.insert(lines, ('%d credentials were hidden from the model'):format(ledger.maskedSecrets))
  end
  return lines
end

function M.show()
  local client = expect_client()
  if not client then
    return
  end
  local params = { textDocument = vim.lsp.util.make_text_document_params(0) }
  client:request('fathom/ledger', params, function(err, result)
    if err then
      vim.notify('fathom: ' .. err.message, vim.log.levels.ERROR)
    elseif not result or result == vim.NIL then
      vim.notify('fathom: nothing was suggested in this buffer yet')
    else
      float.open('Why this suggestion', M.lines(result))
    end
  end, 0)
end

return M
