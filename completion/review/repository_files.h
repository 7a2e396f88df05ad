// The files of one state of a repository: a working tree, an index, a commit.

#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fathom::completion {

struct RepositoryFiles {
  std::vector<std::string> paths;  // of regular files, relative to the root; sorted
  /// Nothing: it cannot be read, or is larger than `max_bytes`. Borrows the repository.
  std::function<std::optional<std::string>(const std::string& path, size_t max_bytes)> read;
};

}  // namespace fathom::completion
