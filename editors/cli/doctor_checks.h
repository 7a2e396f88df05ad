// What `fathom doctor` looks at around the model: settings, folders, the index, the daemon.

#pragma once

#include <string>
#include <vector>

namespace fathom::cli {

enum class Level { ok, warn, fail };

struct Check {
  std::string name;
  Level level = Level::ok;
  std::string detail;
  std::string advice;  // what to do; empty if nothing
};

Check check_config();
/// Whether the current folder can be indexed, and what is left out. Takes a few seconds at most.
Check check_index();
Check check_runtime_folder();
Check check_state_folder();
/// The daemon at `socket` ("": the usual one), and its port if it has one.
void check_daemon(const std::string& socket, std::vector<Check>& checks);

}  // namespace fathom::cli
