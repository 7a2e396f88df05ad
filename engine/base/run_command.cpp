#include "engine/base/run_command.h"

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/spawn_plan.h"

namespace fathom {
namespace {

/// Takes the process's status, if it has ended. Its group lives as long as one of it runs.
bool has_ended(pid_t pid, int& status, int options) {
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid, &status, options);
  } while (ended == -1 && errno == EINTR);
  return ended == pid;
}

}  // namespace

Result<int> run_command(const std::string& command, const std::filesystem::path& folder,
                        const std::filesystem::path& output, const CommandLimits& limits) {
  SpawnPlan plan(POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);  // its own
  ::posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, 1, output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&plan.actions, 1, 2);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, folder.c_str());
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  std::string shell = "/bin/sh", flag = "-c", text = command;
  char* const argv[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, shell.c_str(), &plan.actions, &plan.attributes, argv, ::environ);
  if (error != 0) {
    return fail(ErrorCode::io, "'{}' cannot be started in {}: {}", command, folder.string(),
                std::strerror(error));
  }

  const auto deadline = std::chrono::steady_clock::now() + limits.time;
  int status = 0;
  bool is_late = false;
  while (!has_ended(pid, status, WNOHANG)) {
    is_late = std::chrono::steady_clock::now() >= deadline;
    if (is_late || limits.cancel.cancelled()) {
      ::kill(-pid, SIGKILL);
      has_ended(pid, status, 0);
      return fail(
          ErrorCode::cancelled, "'{}' {}", command,
          is_late ? fmt::format("was stopped after {} s", limits.time.count()) : "was interrupted");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::kill(-pid, SIGKILL);  // what it left behind, if anything
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace fathom
