// The source files of a folder that are worth knowing: those that the person does not ignore.
//
// Left out: what .gitignore, .git/info/exclude and .fathomignore say; hidden files and folders,
// dependencies and build output (unless .fathomignore says "!vendor/"); files that hold
// credentials; symbolic links, wherever they lead; languages without declarations.
//
// Threads: any; reads the file system, so not the main thread.

#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fathom::completion {

struct SourceFiles {
  std::vector<std::string> paths;  // relative to the root, '/' between parts; sorted
  bool complete = true;            // false: there are more than were asked for, or it was stopped
};

/// Folders that cannot be read are passed over. `stop` is asked between folders.
SourceFiles list_source_files(const std::filesystem::path& root, size_t max_files,
                              const std::function<bool()>& stop);

/// Whether list_source_files() would list `path`, relative to the root, if it is a file.
bool is_wanted_source(const std::filesystem::path& root, const std::string& path);

/// A name on which the above depends.
bool is_ignore_file(const std::filesystem::path& path);

}  // namespace fathom::completion
