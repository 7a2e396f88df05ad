// posix_spawn's two lists of wishes, destroyed together. Only for sources of this folder.

#pragma once

#include <signal.h>
#include <spawn.h>

namespace fathom {

class SpawnPlan final {
 public:
  /// The new process has signals as a program expects them, whatever this one ignores or blocks.
  /// `flags`: POSIX_SPAWN_SETSID and the like.
  explicit SpawnPlan(int flags) {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t to_default;
    ::sigemptyset(&to_default);
    for (const int signal : {SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      ::sigaddset(&to_default, signal);
    ::posix_spawnattr_setsigdefault(&attributes, &to_default);
    ::posix_spawnattr_setflags(&attributes,
                               short(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
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

}  // namespace fathom
