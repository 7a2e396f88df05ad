--- A user at a real Neovim with the plugin: plugin_test.lua FATHOM NEOVIM REPOSITORY TEST
---
--- This script runs in one Neovim and types into others. Which texts the model suggests is not
--- tested; that they are shown, stay while they are typed, and are inserted as shown is.

local fathom, neovim, repository = arg[1], arg[2], arg[3]
local here = vim.fs.dirname(arg[0])
local Editor = dofile(here .. '/editor.lua')

local directory = vim.fn.tempname() .. ' with a space and \u{e4}'
local socket = vim.fn.tempname() .. '.sock'
local editor

local function expect_equal(actual, expected, what)
  if not vim.deep_equal(actual, expected) then
    error(('%s is\n%s\nnot\n%s'):format(what, vim.inspect(actual), vim.inspect(expected)), 2)
  end
end

--- Starts an editor with the plugin and opens a file.
local function start(options)
  options = options or {}
  editor =
    Editor.start(neovim, directory, '--cmd', 'set runtimepath^=' .. repository .. '/editors/nvim')
  editor:lua(
    [[
    local options, fathom, socket, model = ...
    _G.messages, _G.shown_at = {}, {}
    vim.notify = function(message) table.insert(messages, message) end
    vim.lsp.handlers['window/showMessage'] = function(_, result)
      table.insert(messages, result.message)
    end
    if options.is_0_11 then
      vim.lsp.inline_completion = nil
    end
    _G.choice = options.choice
    if choice then
      vim.ui.select = function(items, given, on_choice)
        _G.asked = given.prompt
        on_choice(items[choice])
      end
    end
    vim.g.fathom = vim.tbl_extend('force', {
      binary = fathom,
      arguments = { '--socket', socket, '--model', model },
    }, options.fathom or {})
    vim.lsp.config('fathom', {
      settings = { fathom = { explain = { maxReasoningTokens = 12, maxAnswerTokens = 40 } } },
    })
    vim.lsp.enable('fathom')
    vim.cmd.edit('engine/base/text.cpp')
  ]],
    options,
    fathom,
    socket,
    vim.fs.joinpath(repository, 'models/nano/fathom-nano.gguf')
  )
end

local function wait_for_model()
  editor:wait_for('the model', function()
    return editor:lua([[
      local client = vim.lsp.get_clients({ name = 'fathom' })[1]
      if not client or not client.initialized then return false end
      local response = client:request_sync('fathom/status', vim.empty_dict(), 5000, 0)
      return response and response.result and response.result.models[1].state == 'ready'
    ]])
  end)
end

--- Ends the editor and its daemon.
local function stop()
  pcall(
    editor.lua,
    editor,
    [[
    local client = vim.lsp.get_clients({ name = 'fathom' })[1]
    local response = client and client:request_sync('fathom/status', vim.empty_dict(), 5000, 0)
    if response and response.result then vim.uv.kill(response.result.pid, 'sigterm') end
  ]]
  )
  editor:stop()
end

--- The text behind the cursor that is drawn, of the plugin or of Neovim itself.
local function ghost_text()
  return editor:lua([[
    for _, name in ipairs({ 'fathom.ghost_text', 'nvim.lsp.inline_completion' }) do
      local namespace = vim.api.nvim_get_namespaces()[name]
      local marks = namespace
        and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
      if #marks > 0 then
        local shown = {}
        for _, line in ipairs({ marks[1][4].virt_text, unpack(marks[1][4].virt_lines or {}) }) do
          table.insert(shown, line[1][1])
        end
        return table.concat(shown, '\n')
      end
    end
    return ''
  ]])
end

--- What a user types, piece by piece, until there is something to see.
local pieces = {
  'Go<CR>int add(int a, int b) {<CR>',
  'return a',
  '<CR>}<CR><CR>int subtract(int a, int b) {<CR>return ',
  'a',
  '<CR>}<CR><CR>for (int i = 0; i <lt> 10; ',
  '++i) {<CR>std::string ',
  'name<CR>}<CR>int x = ',
}

--- Types until a suggestion of `n` words or more is shown; gives it.
local function type_until_suggested(n_words)
  for _, piece in ipairs(pieces) do
    editor:type(piece)
    local typed
    repeat -- keys are taken one after the other
      typed = editor:text()
      vim.wait(100)
    until editor:text() == typed
    vim.wait(700, function()
      return select(2, ghost_text():gsub('[%w_]+', '')) >= n_words
    end, 20)
    local shown = ghost_text()
    if select(2, shown:gsub('[%w_]+', '')) >= n_words then
      return shown
    end
  end
  error('nothing was suggested anywhere')
end

local function escaped(text)
  return (text:gsub('<', '<lt>'):gsub('\n', '<CR>'))
end

local tests = {}

function tests.a_suggestion_is_on_the_screen_and_stays_while_it_is_typed()
  start()
  wait_for_model()
  local shown = type_until_suggested(2)
  local first_line = shown:match('[^\n]*')
  editor:wait_for('the suggestion on the screen', function()
    return table.concat(editor:screen(), '\n'):find(vim.trim(first_line), 1, true) ~= nil
  end)
  -- Each time that the screen is drawn: is there still something to see?
  editor:lua([[
    _G.blank = 0
    vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace('test'), {
      on_end = function()
        if not require('fathom.ghost_text').shown() then blank = blank + 1 end
      end,
    })
  ]])
  for i = 1, math.min(4, #first_line - 1) do
    local key = shown:sub(i, i)
    editor:type(escaped(key))
    editor:wait_for('the rest of the suggestion', function()
      return vim.startswith(ghost_text(), shown:sub(i + 1))
    end)
  end
  expect_equal(editor:lua('return blank'), 0, 'the number of times that it was gone')
end

function tests.words_lines_and_all_are_accepted_as_shown()
  start()
  wait_for_model()
  local shown = type_until_suggested(3)
  local before = editor:text()
  local row, column = unpack(editor:lua('return vim.api.nvim_win_get_cursor(0)'))
  local word = shown:match('^%s*[%w_]+') or shown:match('^%s*[^%w_%s]+')
  editor:type('<M-Right>')
  editor:wait_for('the word', function()
    return editor:text() ~= before
  end)
  local line = editor:lua('return vim.api.nvim_buf_get_lines(0, ...)[1]', row - 1, row, true)
  expect_equal(line:sub(column + 1, column + #word), word, 'the accepted word')
  editor:wait_for('the rest', function()
    return vim.startswith(ghost_text(), shown:sub(#word + 1))
  end)
  local rest = ghost_text()
  before = editor:text()
  editor:type('<Tab>')
  editor:wait_for('all of it', function()
    return editor:text() ~= before
  end)
  local text = editor:text()
  assert(
    text:find(word .. rest, 1, true),
    'the buffer does not hold what was shown:\n' .. text:sub(-300)
  )
  expect_equal(editor:lua('return messages'), {}, 'messages')
end

function tests.a_line_is_accepted_as_shown()
  start()
  wait_for_model()
  local shown = type_until_suggested(2)
  local before = editor:text()
  editor:type('<M-C-Right>')
  editor:wait_for('the line', function()
    return editor:text() ~= before
  end)
  local line = shown:match('^\n?[^\n]*')
  assert(editor:text():find(line, 1, true), 'the buffer does not hold the line')
end

function tests.tab_is_a_tab_where_nothing_is_shown_and_dismissed_is_dismissed()
  start()
  wait_for_model()
  type_until_suggested(1)
  editor:type('<C-]>')
  editor:wait_for('the suggestion to go', function()
    return ghost_text() == ''
  end)
  local before = editor:text()
  editor:type('<Tab>')
  editor:wait_for('the tab', function()
    return editor:text() ~= before
  end)
  expect_equal(#editor:text(), #before + 1, 'the length of the text')
end

function tests.toggle_switches_suggestions_off_and_on()
  start()
  wait_for_model()
  type_until_suggested(1)
  editor:lua("vim.cmd('Fathom toggle')")
  expect_equal(ghost_text(), '', 'what is shown')
  editor:type(' ')
  vim.wait(300)
  expect_equal(ghost_text(), '', 'what is shown')
  editor:lua("vim.cmd('Fathom toggle')")
  editor:type('<Esc>u')
  type_until_suggested(1)
end

function tests.neovims_own_ghost_text_works_too()
  start({ fathom = { ghost_text = 'native' } })
  wait_for_model()
  local shown
  for _, piece in ipairs(pieces) do
    editor:type(piece)
    vim.wait(1500, function()
      return ghost_text() ~= ''
    end, 20)
    shown = ghost_text()
    if shown ~= '' then
      break
    end
  end
  assert(shown ~= '', 'nothing was suggested anywhere')
  -- Two keys of it and accept at once, before the server is asked again.
  local typed = shown:sub(1, 1)
  local before = editor:text()
  editor:type(escaped(typed) .. '<Tab>')
  editor:wait_for('the accepted text', function()
    return #editor:text() >= #before + #shown
  end)
  assert(editor:text():find(shown, 1, true), 'typed text was doubled:\n' .. editor:text():sub(-300))
end

function tests.without_inline_completion_in_neovim_the_plugin_draws()
  start({ is_0_11 = true, fathom = { ghost_text = 'native' } })
  wait_for_model()
  local shown = type_until_suggested(1)
  local before = editor:text()
  editor:type('<Tab>')
  editor:wait_for('the accepted text', function()
    return editor:text() ~= before
  end)
  assert(editor:text():find(shown, 1, true), 'the buffer does not hold what was shown')
end

local function answer_window()
  return editor:lua([[
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local buffer = vim.api.nvim_win_get_buf(window)
      if vim.bo[buffer].filetype == 'fathom' then
        return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\n')
      end
    end
    return ''
  ]])
end

function tests.an_explanation_streams_into_a_window()
  start()
  wait_for_model()
  editor:lua("vim.cmd('1,5Fathom explain')")
  editor:wait_for('the answer', function()
    return #answer_window() > #'# Explanation\n\n'
  end)
  assert(vim.startswith(answer_window(), '# Explanation\n'), answer_window())
  editor:type('q')
  editor:wait_for('the window to close', function()
    return answer_window() == ''
  end)
end

function tests.an_explanation_can_be_stopped()
  -- Slow, so that the key comes before the model is done.
  start({ fathom = { arguments = { '--standalone', '--backend', 'reference' } } })
  wait_for_model()
  editor:lua([[
    vim.lsp.get_clients({ name = 'fathom' })[1]:notify('workspace/didChangeConfiguration', {
      settings = { fathom = { explain = { maxAnswerTokens = 4000 } } },
    })
    vim.cmd('Fathom explain why is it so?')
  ]])
  editor:wait_for('the first words', function()
    return #answer_window() > #'# why is it so?\n\n'
  end)
  editor:type('s')
  editor:wait_for('the end', function()
    return table.concat(editor:screen(), '\n'):find('stopped', 1, true) ~= nil
  end)
end

function tests.why_and_status_tell()
  start()
  wait_for_model()
  type_until_suggested(1)
  editor:type('<Esc>')
  editor:lua("vim.cmd('Fathom why')")
  editor:wait_for('the ledger', function()
    return table.concat(editor:screen(), '\n'):find('ended by:', 1, true) ~= nil
  end)
  editor:type('q')
  editor:lua("vim.cmd('Fathom status')")
  editor:wait_for('the status', function()
    return table.concat(editor:screen(), '\n'):find('prompt tokens', 1, true) ~= nil
  end)
  editor:lua('vim.api.nvim_win_close(0, true)')
  expect_equal(editor:lua("return require('fathom').status()"), 'fathom', 'the status')
end

function tests.a_new_daemon_takes_over_from_a_killed_one()
  start()
  wait_for_model()
  editor:lua([[
    local client = vim.lsp.get_clients({ name = 'fathom' })[1]
    local status = client:request_sync('fathom/status', vim.empty_dict(), 5000, 0).result
    vim.uv.kill(status.pid, 'sigkill')
  ]])
  wait_for_model()
  type_until_suggested(1)
end

function tests.a_missing_program_is_told_once_with_the_remedy()
  start({ fathom = { binary = '/nowhere/fathom' } })
  editor:wait_for('the message', function()
    return editor:lua('return #messages') > 0
  end)
  editor:lua("vim.cmd.edit('other.cpp')")
  vim.wait(200)
  local messages = editor:lua('return messages')
  expect_equal(#messages, 1, 'the number of messages')
  assert(messages[1]:find('/nowhere/fathom', 1, true) and messages[1]:find('checkhealth', 1, true))
end

function tests.health_names_what_is_wrong()
  start({ fathom = { ghost_text = 'pink', keyz = {} } })
  editor:lua("vim.cmd('checkhealth fathom')")
  local report = editor:text()
  for _, expected in ipairs({ 'ghost_text should be "own", "native" or "off"', 'keyz is not known' }) do
    assert(report:find(expected, 1, true), report)
  end
end

function tests.edits_are_shown_as_a_diff()
  start({ fathom = { ghost_text = 'off' } })
  local diff = editor:lua([[
    local uri = vim.uri_from_bufnr(0)
    local range = { start = { line = 1, character = 0 }, ['end'] = { line = 2, character = 0 } }
    return require('fathom.edit_preview').diff({
      documentChanges = {
        { kind = 'create', uri = uri .. '.new' },
        {
          textDocument = { uri = uri .. '.new', version = vim.NIL },
          edits = {
            {
              range = { start = range.start, ['end'] = range.start },
              newText = 'new\n',
            },
          },
        },
        { textDocument = { uri = uri, version = 0 }, edits = { { range = range, newText = 'x\n' } } },
      },
    }, 'utf-16')
  ]])
  for _, expected in ipairs({
    '--- engine/base/text.cpp.new\n',
    '+new\n',
    '-\n+x\n namespace fathom {\n',
  }) do
    assert(diff:find(expected, 1, true), diff)
  end
end

local function wait_for_message(part)
  editor:wait_for('a message with ' .. part, function()
    return vim.iter(editor:lua('return messages')):any(function(message)
      return message:find(part, 1, true) ~= nil
    end)
  end)
end

function tests.another_model_is_chosen_and_one_that_cannot_be_loaded_is_not()
  start({ fathom = { ghost_text = 'off' } })
  wait_for_model()
  editor:lua([[
    vim.ui.select = function(items, _, on_choice) on_choice(items[1]) end
    vim.cmd('Fathom model')
  ]])
  wait_for_message('the built-in model is in use')
  local function model()
    return editor:lua([[
      local client = vim.lsp.get_clients({ name = 'fathom' })[1]
      return client:request_sync('fathom/status', vim.empty_dict(), 5000, 0).result.models[1].model
    ]])
  end
  local chosen = model()
  assert(not chosen:find('fathom-nano.gguf', 1, true), chosen)
  assert(not vim.list_contains(editor:lua('return vim.g.fathom.arguments'), '--model'))
  editor:lua("vim.cmd('Fathom model no-such-model')")
  wait_for_message('no-such-model cannot be used, the model stays')
  expect_equal(model(), chosen, 'the model')
  wait_for_model()
end

--- `fathom serve --http`, as another machine would run it; gives its address.
local function start_server(folder)
  vim.fn.mkdir(folder, 'p', tonumber('700', 8))
  local address
  local job = vim.fn.jobstart({ fathom, 'serve', '--http', '0', '--socket', folder .. '/s' }, {
    env = { XDG_CONFIG_HOME = folder, XDG_STATE_HOME = folder, XDG_RUNTIME_DIR = folder },
    on_stdout = function(_, lines)
      local port = table.concat(lines, '\n'):match('http://localhost:(%d+)')
      address = port and 'http://127.0.0.1:' .. port or address
    end,
  })
  vim.wait(60000, function()
    return address ~= nil
  end, 20)
  return assert(address, 'fathom serve --http does not start'), job
end

function tests.a_server_is_asked_only_when_the_user_says_so()
  local folder = vim.fn.tempname()
  local address, server = start_server(folder .. '/server')
  vim.fn.mkdir(folder .. '/fathom', 'p', tonumber('700', 8))
  local file = assert(io.open(folder .. '/fathom/fathom.toml', 'w'))
  file:write(('remote.completion_url = "%s"\n'):format(address))
  file:close()
  local before = { vim.env.XDG_CONFIG_HOME, vim.env.XDG_STATE_HOME }
  vim.env.XDG_CONFIG_HOME, vim.env.XDG_STATE_HOME = folder, folder
  start({ fathom = { arguments = { '--socket', socket } }, choice = 2 }) -- Not Now
  vim.env.XDG_CONFIG_HOME, vim.env.XDG_STATE_HOME = unpack(before, 1, 2)
  local function wait_for_line(line)
    editor:wait_for('the status ' .. line, function()
      return editor:lua("return require('fathom').status()") == line
    end)
  end

  wait_for_line('fathom')
  editor:wait_for('the question', function()
    return editor:lua('return asked') ~= vim.NIL
  end)
  editor:lua("choice = 1; vim.cmd('Fathom server')")
  wait_for_line('fathom@' .. address:gsub('^http://', ''))
  local question = editor:lua('return asked')
  assert(question:find(address, 1, true), question)
  editor:lua("vim.cmd('Fathom status')")
  editor:wait_for('where text goes', function()
    return table.concat(editor:screen(), '\n'):find('you have allowed it', 1, true) ~= nil
  end)
  vim.fn.jobstop(server)
  vim.fn.delete(folder, 'rf')
end

function tests.menu_sources_give_entries()
  start({ fathom = { ghost_text = 'off' } })
  wait_for_model()
  local items
  for _, piece in ipairs(pieces) do
    editor:type(piece)
    editor:wait_for('the insert mode', function()
      return editor:lua('return vim.api.nvim_get_mode().mode') == 'i'
    end)
    vim.wait(300)
    items = editor:lua([[
      local of_cmp, of_blink
      require('fathom.cmp').new():complete({ context = { bufnr = 0 } }, function(response)
        of_cmp = response
      end)
      vim.wait(5000, function() return of_cmp end, 10)
      require('fathom.blink').new():get_completions({ bufnr = 0 }, function(response)
        of_blink = response
      end)
      vim.wait(5000, function() return of_blink end, 10)
      assert(of_cmp.isIncomplete and of_blink.is_incomplete_forward)
      assert(#of_cmp.items == #of_blink.items)
      return of_cmp.items
    ]])
    if #items > 0 then
      break
    end
  end
  assert(#items > 0, 'nothing was suggested anywhere')
  assert(items[1].textEdit.newText ~= '' and items[1].command.command == 'fathom.didAccept')
end

dofile(here .. '/review_cases.lua')(tests, {
  directory = directory,
  expect_equal = expect_equal,
  wait_for_message = wait_for_message,
  --- An editor with a model and no suggestions.
  start = function()
    start({ fathom = { ghost_text = 'off' } })
    wait_for_model()
    return editor
  end,
})

local only = arg[4] or ''
local failed = false
for name, test in vim.spairs(tests) do
  if name:find(only, 1, true) then
    vim.fn.mkdir(directory .. '/engine/base', 'p')
    vim.fn.writefile({}, directory .. '/.fathom.toml')
    vim.fn.writefile(
      vim.fn.readfile(vim.fs.joinpath(repository, 'engine/base/text.cpp')),
      directory .. '/engine/base/text.cpp'
    )
    local ok, problem = xpcall(test, debug.traceback)
    stop()
    vim.fn.delete(directory, 'rf')
    print((ok and 'ok      ' or 'FAILED  ') .. name)
    if not ok then
      print(problem)
      failed = true
    end
  end
end
os.exit(failed and 1 or 0)
