--- A window in which an answer of the model grows: the reasoning folded above, the answer below.
---@class fathom.AnswerView
---@field buffer integer
---@field window integer
---@field on_stop fun()
---@field on_answer_now fun()
---@field title string
---@field n_reasoning integer lines of the reasoning, 0 if there is none yet
---@field state 'running'|'done'|'stopped'
---@field begin integer nanoseconds, when it was asked
---@field reasoned_s? number how long it reasoned, once it answers
local AnswerView = {}
AnswerView.__index = AnswerView

local namespace = vim.api.nvim_create_namespace('fathom.answer_view')

--- The line above the answer, whose number the reasoning is counted from.
local n_header_lines = 2

---@param title string
---@param callbacks { on_stop: fun(), on_answer_now: fun() }
---@return fathom.AnswerView
function AnswerView.open(title, callbacks)
  vim.cmd('botright vsplit')
  local window = vim.api.nvim_get_current_win()
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_win_set_buf(window, buffer)
  local self = setmetatable({
    buffer = buffer,
    window = window,
    on_stop = callbacks.on_stop,
    on_answer_now = callbacks.on_answer_now,
    title = title,
    n_reasoning = 0,
    state = 'running',
    begin = vim.uv.hrtime(),
  }, AnswerView)

  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].filetype = 'fathom'
  if not pcall(vim.treesitter.start, buffer, 'markdown') then
    vim.bo[buffer].syntax = 'markdown' -- some builds of Neovim lack the parser
  end
  for option, value in pairs({
    wrap = true,
    linebreak = true,
    number = false,
    relativenumber = false,
    signcolumn = 'no',
    conceallevel = 2,
    foldmethod = 'manual',
    foldenable = true,
    foldtext = 'getline(v:foldstart)',
  }) do
    vim.api.nvim_set_option_value(option, value, { scope = 'local', win = window })
  end
  local function map(key, action, what)
    vim.keymap.set('n', key, action, { buffer = buffer, nowait = true, desc = 'fathom: ' .. what })
  end
  map('q', function()
    vim.api.nvim_win_close(self.window, true)
  end, 'close')
  map('s', function()
    self.on_stop()
  end, 'stop')
  map('a', function()
    self.on_answer_now()
  end, 'answer now')
  map('y', function()
    self:yank_code()
  end, 'copy the code block at the cursor')
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      if self.state == 'running' then
        self.on_stop()
      end
    end,
  })
  self:write(0, -1, { '# ' .. title, '', '' })
  self:show_hint()
  return self
end

function AnswerView:is_open()
  return vim.api.nvim_buf_is_valid(self.buffer)
end

---@private
function AnswerView:write(first, last, lines)
  vim.bo[self.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(self.buffer, first, last, true, lines)
  vim.bo[self.buffer].modifiable = false
  vim.bo[self.buffer].modified = false
end

--- What can be done now, behind the title.
---@private
function AnswerView:show_hint()
  local hint = 'q close, y copy code'
  if self.state == 'running' then
    hint = (self.n_reasoning > 0 and not self.reasoned_s) and 's stop, a answer now' or 's stop'
  elseif self.state == 'stopped' then
    hint = 'stopped; q close'
  end
  vim.api.nvim_buf_set_extmark(self.buffer, namespace, 0, 0, {
    id = 1,
    virt_text = { { hint, 'Comment' } },
    virt_text_pos = 'right_align',
  })
end

--- Appends what the model says.
---@param channel 'reasoning'|'answer'
---@param text string
function AnswerView:append(channel, text)
  if not self:is_open() then
    return
  end
  local pieces = vim.split(text, '\n', { plain = true })
  if channel == 'reasoning' then
    if self.n_reasoning == 0 then
      self.n_reasoning = 1
      self:write(n_header_lines, n_header_lines, { 'Thinking', '', '' })
    end
    -- Its first line is the one that the fold shows; the last one grows.
    local last = n_header_lines + self.n_reasoning
    local line = vim.api.nvim_buf_get_lines(self.buffer, last, last + 1, true)[1]
    pieces[1] = line .. pieces[1]
    self:write(last, last + 1, pieces)
    self.n_reasoning = self.n_reasoning + #pieces - 1
    self:fold()
  else
    if self.n_reasoning > 0 and not self.reasoned_s then
      self.reasoned_s = (vim.uv.hrtime() - self.begin) / 1e9
      self:fold()
    end
    local line = vim.api.nvim_buf_get_lines(self.buffer, -2, -1, true)[1]
    pieces[1] = line .. pieces[1]
    self:write(-2, -1, pieces)
  end
  self:show_hint()
  self:follow()
end

--- Folds the reasoning again, under a line that says how long it took so far.
---@private
function AnswerView:fold()
  local seconds = self.reasoned_s or (vim.uv.hrtime() - self.begin) / 1e9
  local what = self.reasoned_s and 'Thought for %.0f s' or 'Thinking for %.0f s'
  self:write(n_header_lines, n_header_lines + 1, { '> ' .. what:format(seconds) })
  local first, last = n_header_lines + 1, n_header_lines + 1 + self.n_reasoning
  vim.api.nvim_buf_clear_namespace(self.buffer, namespace, n_header_lines, last)
  vim.api.nvim_buf_set_extmark(self.buffer, namespace, n_header_lines, 0, {
    end_row = last,
    hl_group = 'Comment',
    hl_eol = true,
  })
  if vim.api.nvim_win_is_valid(self.window) then
    vim.api.nvim_win_call(self.window, function()
      local was_open = vim.fn.foldclosed(first) == -1 and vim.fn.foldlevel(first) > 0
      vim.cmd('normal! zE')
      vim.cmd(('%d,%dfold'):format(first, last))
      if was_open then
        vim.cmd(('%dfoldopen'):format(first))
      end
    end)
  end
end

--- The window shows the end, unless somebody reads elsewhere in it.
---@private
function AnswerView:follow()
  local n_lines = vim.api.nvim_buf_line_count(self.buffer)
  if vim.api.nvim_win_is_valid(self.window) and vim.api.nvim_get_current_win() ~= self.window then
    vim.api.nvim_win_set_cursor(self.window, { n_lines, 0 })
  end
end

--- The end, with what went wrong if something did.
---@param state 'done'|'stopped'
---@param problem? string
function AnswerView:finish(state, problem)
  self.state = state
  if not self:is_open() then
    return
  end
  if problem then
    self:append('answer', ('\n\n*%s*\n'):format(problem))
  end
  self:show_hint()
end

--- Copies the code block that the cursor is in.
function AnswerView:yank_code()
  local row = vim.api.nvim_win_get_cursor(self.window)[1]
  local lines = vim.api.nvim_buf_get_lines(self.buffer, 0, -1, true)
  local first
  for i, line in ipairs(lines) do
    if line:match('^%s*```') then
      if not first then
        first = i
      elseif first <= row and row <= i then
        local code = table.concat(vim.list_slice(lines, first + 1, i - 1), '\n') .. '\n'
        vim.fn.setreg('"', code)
        pcall(vim.fn.setreg, '+', code) -- there may be no clipboard
        vim.notify(('fathom: copied %d lines'):format(i - first - 1))
        return
      else
        first = nil
      end
    end
  end
  vim.notify('fathom: the cursor is not in a code block', vim.log.levels.WARN)
end

return AnswerView
