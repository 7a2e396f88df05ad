--- A user at a real Neovim: neovim_test.lua FATHOM NEOVIM
---
--- This script runs in one Neovim and types into another, which runs headless with the server
--- attached as a user would attach it. Which texts the model suggests is not tested; that they are
--- shown, accepted and end up in the buffer exactly as the server promised is.

local fathom, neovim = arg[1], arg[2]
local directory = vim.fn.tempname()
local Editor = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), '../editors/nvim/editor.lua'))
local editor

--- Attaches the server the way `:h lsp-quickstart` says and records what it answers.
local function attach(capabilities)
  editor:lua(
    [[
    local fathom, capabilities = ...
    _G.messages, _G.answers = {}, {}
    vim.lsp.handlers['window/showMessage'] = function(_, result)
      table.insert(messages, result.message)
    end
    vim.lsp.handlers['window/logMessage'] = function(_, result)
      table.insert(messages, result.message)
    end
    vim.api.nvim_create_autocmd('LspAttach', {
      callback = function(event)
        local client = assert(vim.lsp.get_client_by_id(event.data.client_id))
        local request = client.request
        client.request = function(self, method, params, handler, ...)
          local function record(err, result, ...)
            answers[method] = { params = params, err = err, result = result }
            return handler(err, result, ...)
          end
          return request(self, method, params, handler and record, ...)
        end
      end,
    })
    vim.lsp.config('fathom', {
      cmd = { fathom, 'lsp', '--standalone' },
      filetypes = { 'cpp' },
      root_markers = { 'README.md' },
      init_options = { explain = { maxReasoningTokens = 12, maxAnswerTokens = 12 } },
      capabilities = capabilities,
    })
    vim.lsp.enable('fathom')
    vim.cmd.edit('engine/base/text.cpp')
  ]],
    fathom,
    capabilities or vim.empty_dict()
  )
  editor:wait_for('the server', function()
    return editor:lua('return vim.tbl_contains(messages, "fathom: the model is ready")')
  end)
end

--- `text` with a range (0-based lines, byte columns) replaced, as the protocol defines it.
local function edited(text, range, new_text)
  local lines = vim.split(text, '\n', { plain = true })
  local function offset(position)
    local before = table.concat(vim.list_slice(lines, 1, position.line), '\n')
    return #before + (position.line > 0 and 1 or 0) + position.character
  end
  return text:sub(1, offset(range.start)) .. new_text .. text:sub(offset(range['end']) + 1)
end

local function expect_equal(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s is\n%s\nnot\n%s'):format(what, vim.inspect(actual), vim.inspect(expected)))
  end
end

--- What a user types, piece by piece, until there is something to see.
local pieces = {
  'Go<CR>int add(int a, int b) {<CR>',
  'return a',
  '<CR>}<CR><CR>int subtract(int a, int b) {<CR>return ',
  'a',
  '<CR>}<CR><CR>for (int i = 0; i <lt> 10; ',
  '++i) {<CR>std::string ',
}

local function ghost_text()
  local marks = editor:lua([[
    local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
    if not namespace then return {} end
    return vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
  ]])
  if #marks == 0 then
    return ''
  end
  local shown = ''
  for _, chunk in ipairs(marks[1][4].virt_text or {}) do
    shown = shown .. chunk[1]
  end
  for _, line in ipairs(marks[1][4].virt_lines or {}) do
    shown = shown .. '\n' .. line[1][1]
  end
  return shown
end

local tests = {}

function tests.ghost_text_is_shown_and_accepted_as_promised()
  attach()
  editor:lua([[
    vim.lsp.inline_completion.enable()
    vim.keymap.set('i', '<Tab>', function()
      if not vim.lsp.inline_completion.get() then return '<Tab>' end
    end, { expr = true })
  ]])
  for _, piece in ipairs(pieces) do
    editor:lua('answers = {}')
    editor:type(piece)
    editor:wait_for('an answer to what was typed', function()
      return editor:lua([[
        local answer = answers['textDocument/inlineCompletion']
        local cursor = vim.api.nvim_win_get_cursor(0)
        return answer ~= nil and vim.api.nvim_get_mode().mode == 'i'
          and answer.params.position.line == cursor[1] - 1
          and answer.params.position.character == cursor[2]
      ]])
    end)
    if ghost_text() ~= '' then
      break
    end
  end
  assert(ghost_text() ~= '', 'nothing was suggested anywhere')

  local answer = editor:lua("return answers['textDocument/inlineCompletion']")
  local item = answer.result.items[1]
  local before = editor:text()
  local promised = edited(before, item.range, item.insertText)
  assert(item.insertText:sub(-#ghost_text()) == ghost_text(), 'ghost text is not of the item')
  assert(promised ~= before, 'the suggestion changes nothing')

  editor:type('<Tab>')
  editor:wait_for('the accepted text', function()
    return editor:text() ~= before
  end)
  expect_equal(editor:text(), promised, 'the buffer')
  editor:wait_for('the ghost text to go', function()
    return ghost_text() ~= item.insertText
  end)
  expect_equal(editor:lua('return vim.v.errmsg'), '', 'the last error message')
  print(('accepted %q'):format(item.insertText))
end

function tests.the_menu_inserts_what_it_promises()
  attach({ textDocument = { inlineCompletion = vim.NIL } })
  editor:lua([[
    local client = vim.lsp.get_clients({ name = 'fathom' })[1]
    vim.lsp.completion.enable(true, client.id, 0)
    vim.o.completeopt = 'menuone,noselect'
  ]])
  for _, piece in ipairs(pieces) do
    editor:lua('answers = {}')
    editor:type(piece)
    editor:wait_for('the cursor', function()
      return editor:lua('return vim.api.nvim_get_mode().mode') == 'i'
    end)
    editor:lua('vim.lsp.completion.get()')
    editor:wait_for('an answer', function()
      return editor:lua("return answers['textDocument/completion'] ~= nil")
    end)
    if editor:lua("return #answers['textDocument/completion'].result.items") > 0 then
      break
    end
  end
  editor:wait_for('the menu', function()
    return editor:lua('return vim.fn.pumvisible()') == 1
  end)
  local answer = editor:lua("return answers['textDocument/completion']")
  local edit = answer.result.items[1].textEdit
  local before = editor:text()
  local promised = edited(before, edit.range, edit.newText)
  editor:type('<C-n><C-y>')
  editor:wait_for('the entry in the buffer', function()
    return editor:lua('return vim.fn.pumvisible()') == 0 and editor:text() ~= before
  end)
  editor:wait_for('the promised text', function()
    return editor:text() == promised
  end)
end

function tests.the_code_action_explains()
  attach()
  editor:lua('messages = {}')
  editor:lua([[
    local function explains(action) return action.title == 'Explain with fathom' end
    vim.lsp.buf.code_action({ apply = true, filter = explains })
  ]])
  editor:wait_for('the explanation', function()
    return editor:lua('return #messages') > 0
  end)
end

local failed = false
for name, test in vim.spairs(tests) do
  vim.fn.mkdir(directory .. '/engine/base', 'p')
  vim.fn.writefile({}, directory .. '/README.md')
  vim.fn.writefile(vim.fn.readfile('engine/base/text.cpp'), directory .. '/engine/base/text.cpp')
  editor = Editor.start(neovim, directory)
  local ok, problem = xpcall(test, debug.traceback)
  editor:stop()
  vim.fn.delete(directory, 'rf')
  print((ok and 'ok      ' or 'FAILED  ') .. name)
  if not ok then
    print(problem)
    failed = true
  end
end
os.exit(failed and 1 or 0)
