// A repository in memory.

#pragma once

#include <map>
#include <optional>
#include <string>

#include "completion/review/repository_files.h"

namespace fathom::test {

using Texts = std::map<std::string, std::string>;  // by path

/// Borrows `texts`.
inline completion::RepositoryFiles files_of(const Texts& texts) {
  completion::RepositoryFiles files;
  for (const auto& [path, text] : texts) files.paths.push_back(path);
  files.read = [&texts](const std::string& path, size_t max_bytes) -> std::optional<std::string> {
    const auto found = texts.find(path);
    if (found == texts.end() || found->second.size() > max_bytes) return std::nullopt;
    return found->second;
  };
  return files;
}

}  // namespace fathom::test
