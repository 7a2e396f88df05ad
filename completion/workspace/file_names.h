// The paths of a workspace, to look for parts of them.
//
// Threads: as any container.

#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::completion {

class FileNames final {
 public:
  void add(const std::string& path);
  void remove(const std::string& path);
  bool contains(std::string_view path) const;

  /// The file whose path is `end` or ends in "/`end`"; of several, that which shares most folders
  /// with `from`, then the shortest, then the first by name. "" if there is none.
  std::string find(std::string_view end, std::string_view from) const;
  /// The files in the folder whose path is `end` or ends in "/`end`", chosen likewise; sorted.
  std::vector<std::string> find_folder(std::string_view end, std::string_view from) const;
  /// The files in exactly that folder; sorted.
  std::vector<std::string> in_folder(std::string_view folder) const;

 private:
  std::map<std::string, std::set<std::string>, std::less<>> by_name_;    // paths by file name
  std::map<std::string, std::set<std::string>, std::less<>> by_folder_;  // and by folder
  // Folders by their last part.
  std::map<std::string, std::set<std::string>, std::less<>> folders_;
};

/// What is before the last '/' of a path; "" if there is none.
std::string_view folder_of(std::string_view path);

}  // namespace fathom::completion
