--- A second Neovim, which runs headless, with a screen, and is driven as a user would.

local Editor = {}
Editor.__index = Editor

local wait_ms = 60000 -- for machines that build at the same time; all of it takes milliseconds

---@param neovim string program
---@param directory string to run in
function Editor.start(neovim, directory, ...)
  local command = { neovim, '--clean', '--headless', '--embed', ... }
  local channel = vim.fn.jobstart(command, { rpc = true, cwd = directory })
  assert(channel > 0, 'Neovim does not start')
  return setmetatable({ channel = channel }, Editor)
end

--- Runs code there; gives what it returns.
function Editor:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

function Editor:type(keys)
  vim.rpcrequest(self.channel, 'nvim_input', keys)
end

--- The current buffer.
function Editor:text()
  return table.concat(self:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, true)'), '\n')
end

--- What the screen shows, a line each.
function Editor:screen()
  return self:lua([[
    vim.cmd.redraw()
    local lines = {}
    for row = 1, vim.o.lines do
      local cells = {}
      for column = 1, vim.o.columns do
        cells[column] = vim.fn.screenstring(row, column)
      end
      lines[row] = table.concat(cells):gsub('%s+$', '')
    end
    return lines
  ]])
end

function Editor:wait_for(what, holds)
  if not vim.wait(wait_ms, holds, 10) then
    error(
      ('waited in vain for %s; the screen is:\n%s'):format(what, table.concat(self:screen(), '\n')),
      2
    )
  end
end

function Editor:stop()
  pcall(vim.rpcrequest, self.channel, 'nvim_command', 'qall!')
  vim.fn.jobwait({ self.channel }, wait_ms)
end

return Editor
