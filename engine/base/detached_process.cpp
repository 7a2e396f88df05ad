#include "engine/base/detached_process.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fathom {
namespace {

/// posix_spawn's two lists of wishes, destroyed together.
class SpawnPlan final {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

/// Signals as a new program expects them, whatever this one ignores or blocks.
void set_signals(posix_spawnattr_t& attributes) {
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t to_default;
  ::sigemptyset(&to_default);
  for (const int signal : {SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT})
    ::sigaddset(&to_default, signal);
  ::posix_spawnattr_setsigdefault(&attributes, &to_default);
  ::posix_spawnattr_setflags(
      &attributes, short(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

}  // namespace

Result<int64_t> start_detached(const std::filesystem::path& program,
                               const std::vector<std::string>& arguments,
                               const std::filesystem::path& output) {
  const std::string sink = output.empty() ? "/dev/null" : output.string();
  SpawnPlan plan;
  ::posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, 1, sink.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&plan.actions, 1, 2);
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, "/");
  // The editor's pipes must end when this process does.
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  set_signals(plan.attributes);

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
