--- Reviews, for plugin_test.lua: adds its cases to `tests`.

---@param tests table<string, fun()>
---@param world table what plugin_test.lua has for all cases
return function(tests, world)
  local editor

  --- Runs git in the folder of the editor; the user's and the system's configuration do not count.
  local function git(...)
    local result = vim
      .system({ 'git', ... }, {
        cwd = world.directory,
        env = {
          GIT_CONFIG_GLOBAL = '/dev/null',
          GIT_CONFIG_SYSTEM = '/dev/null',
          GIT_AUTHOR_NAME = 'a',
          GIT_AUTHOR_EMAIL = 'a@b',
          GIT_COMMITTER_NAME = 'a',
          GIT_COMMITTER_EMAIL = 'a@b',
        },
      })
      :wait()
    assert(result.code == 0, result.stderr)
  end

  --- In two parts: this file holds no secret.
  local secret = 'const char* key = "ghp_' .. '1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R";'

  --- A repository in which these lines were added to a file with one.
  local function make_repository(lines)
    git('init', '-q', '-b', 'main', '.')
    local file = world.directory .. '/changed.cpp'
    vim.fn.writefile({ '// first' }, file)
    git('add', '-A')
    git('commit', '-q', '-m', 'x')
    vim.fn.writefile(vim.list_extend({ '// first' }, lines), file)
  end

  --- Lines of the findings of a category, as vim.diagnostic has them. These are found by rule; what
  --- the model finds nobody knows.
  local function found(category)
    return editor:lua(
      [[
      local category = ...
      return vim.iter(vim.diagnostic.get(nil)):filter(function(diagnostic)
        return diagnostic.source == 'fathom' and diagnostic.code == category
      end):map(function(diagnostic) return diagnostic.lnum end):totable()
    ]],
      category
    )
  end

  local function secrets()
    return found('secret')
  end

  --- Takes the first code action at a line whose title has this in it, by the editor's own key.
  local function act(line, title)
    editor:lua(
      [[
      local line, title = ...
      vim.ui.select = function(items, options, on_choice)
        for _, item in ipairs(items) do
          if (options.format_item or tostring)(item):find(title, 1, true) then
            return on_choice(item)
          end
        end
        error('there is no such action')
      end
      vim.api.nvim_win_set_cursor(0, { line, 0 })
    ]],
      line,
      title
    )
    editor:type('gra')
  end

  function tests.a_review_gives_diagnostics_a_list_and_actions()
    make_repository({ secret, '// \u{202e}hidden' })
    editor = world.start()
    editor:lua("vim.cmd('Fathom review')")
    world.wait_for_message(' in 1 changed file')
    world.expect_equal(secrets(), { 1 }, 'the lines of the findings')
    local list = editor:lua([[
      return vim.iter(vim.fn.getqflist()):filter(function(item)
        return item.text:find('[secret]', 1, true) ~= nil
      end):map(function(item)
        return { vim.fs.basename(vim.api.nvim_buf_get_name(item.bufnr)), item.lnum, item.type }
      end):totable()
    ]])
    world.expect_equal(list, { { 'changed.cpp', 2, 'E' } }, 'the quickfix list')
    assert(editor:lua('return vim.fn.getqflist({ winid = 0 }).winid') ~= 0, 'the list is not shown')

    editor:lua("vim.cmd.edit('changed.cpp')")
    editor:lua("vim.api.nvim_buf_set_lines(0, 0, 0, true, { '// above' })")
    editor:wait_for('the finding to move', function()
      return vim.deep_equal(secrets(), { 2 })
    end)
    act(3, 'Dismiss this finding')
    editor:wait_for('the finding to go', function()
      return #secrets() == 0
    end)

    world.expect_equal(found('hidden-text'), { 3 }, 'the line with hidden text')
    act(4, "Apply fathom's suggestion")
    editor:wait_for('the fix', function()
      return editor:lua('return vim.api.nvim_buf_get_lines(0, 3, 4, true)[1]') == '// hidden'
    end)
    editor:wait_for('the finding to go', function()
      return #found('hidden-text') == 0
    end)
  end

  function tests.a_review_of_what_is_staged_can_be_empty_and_findings_can_be_cleared()
    make_repository({ secret })
    editor = world.start()
    editor:lua("vim.cmd('Fathom review staged')")
    world.wait_for_message('nothing has changed')
    world.expect_equal(
      editor:lua('return vim.fn.getqflist({ winid = 0 }).winid'),
      0,
      "the list's window"
    )
    editor:lua("vim.cmd('Fathom review')")
    editor:wait_for('the finding', function()
      return vim.deep_equal(secrets(), { 1 })
    end)
    world.wait_for_message(' in 1 changed file')
    editor:lua("vim.cmd('Fathom review clear')")
    editor:wait_for('the finding to go', function()
      return #secrets() == 0
    end)
    world.expect_equal(editor:lua('return #vim.fn.getqflist()'), 0, 'entries of the list')
  end

  function tests.a_review_can_be_stopped_and_says_how_far_it_is()
    local lines = { secret }
    for i = 1, 2000 do
      table.insert(lines, ('int value_%d = %d;'):format(i, i))
    end
    make_repository(lines)
    editor = world.start()
    editor:lua("vim.cmd('Fathom review')")
    editor:wait_for('the progress', function()
      return editor
        :lua("return require('fathom').status()")
        :find('^fathom: review %d+ of %d+ parts$')
    end)
    editor:lua("vim.cmd('Fathom review stop')")
    world.wait_for_message('the review was stopped')
    world.expect_equal(editor:lua("return require('fathom').status()"), 'fathom', 'the status')
    world.expect_equal(secrets(), { 1 }, 'what it had found')
  end

  function tests.a_review_without_a_repository_says_so()
    editor = world.start()
    editor:lua("vim.cmd('Fathom review')")
    world.wait_for_message('no git repository')
    editor:lua("vim.cmd('Fathom review everything')")
    world.wait_for_message('there is no :Fathom review everything')
  end

  function tests.the_words_of_a_review_are_completed()
    make_repository({})
    git('branch', 'topic')
    editor = world.start()
    local function completed(line)
      return editor:lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    end
    world.expect_equal(completed('Fathom rev'), { 'review' }, 'subcommands')
    world.expect_equal(completed('Fathom review st'), { 'staged', 'stop' }, 'words')
    world.expect_equal(completed('Fathom review branch '), { 'main', 'topic' }, 'branches')
    world.expect_equal(completed('Fathom explain '), {}, 'questions')
  end
end
