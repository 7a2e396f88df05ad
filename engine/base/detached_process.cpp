#include "engine/base/detached_process.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/spawn_plan.h"

namespace fathom {

Result<int64_t> start_detached(const std::filesystem::path& program,
                               const std::vector<std::string>& arguments,
                               const std::filesystem::path& output) {
  const std::string sink = output.empty() ? "/dev/null" : output.string();
  SpawnPlan plan(POSIX_SPAWN_SETSID);
  ::posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, 1, sink.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&plan.actions, 1, 2);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, "/");
  // The editor's pipes must end when this process does.
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);

  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &plan.actions, &plan.attributes, argv.data(), ::environ);
  if (error != 0)
    return fail(ErrorCode::io, "{} cannot be started (with its output in {}): {}", program.string(),
                sink, std::strerror(error));
  return int64_t{pid};
}

std::optional<int> take_exit_code(int64_t pid) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_t(pid), &status, WNOHANG);
  } while (ended == -1 && errno == EINTR);
  if (ended != pid) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace fathom
