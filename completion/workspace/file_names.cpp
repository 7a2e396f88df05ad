#include "completion/workspace/file_names.h"

#include <cstdint>
#include <utility>

namespace fathom::completion {
namespace {

size_t shared_folders(std::string_view a, std::string_view b) {
  size_t n = 0;
  size_t shared = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n]) shared += a[n++] == '/';
  return shared;
}

bool is_or_ends_in(std::string_view path, std::string_view end) {
  if (!path.ends_with(end)) return false;
  return path.size() == end.size() || path[path.size() - end.size() - 1] == '/';
}

std::string nearest(const std::set<std::string>& paths, std::string_view end,
                    std::string_view from) {
  const std::string* best = nullptr;
  for (const std::string& path : paths) {
    if (!is_or_ends_in(path, end)) continue;
    const auto rank = [&](const std::string& p) {
      return std::pair(-static_cast<int64_t>(shared_folders(p, from)), p.size());
    };
    if (!best || rank(path) < rank(*best)) best = &path;
  }
  return best ? *best : std::string();
}

}  // namespace

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

void FileNames::add(const std::string& path) {
  const std::string_view folder = folder_of(path);
  by_name_[path.substr(path.rfind('/') + 1)].insert(path);
  by_folder_[std::string(folder)].insert(path);
  folders_[std::string(folder.substr(folder.rfind('/') + 1))].insert(std::string(folder));
}

void FileNames::remove(const std::string& path) {
  const auto forget = [](auto& map, std::string_view key, std::string_view value) {
    const auto found = map.find(key);
    if (found == map.end()) return true;
    found->second.erase(std::string(value));
    if (!found->second.empty()) return false;
    map.erase(found);
    return true;
  };
  const std::string_view folder = folder_of(path);
  forget(by_name_, std::string_view(path).substr(path.rfind('/') + 1), path);
  if (forget(by_folder_, folder, path))
    forget(folders_, folder.substr(folder.rfind('/') + 1), folder);
}

bool FileNames::contains(std::string_view path) const {
  const auto found = by_folder_.find(folder_of(path));
  return found != by_folder_.end() && found->second.contains(std::string(path));
}

std::string FileNames::find(std::string_view end, std::string_view from) const {
  const auto found = by_name_.find(end.substr(end.rfind('/') + 1));
  return found == by_name_.end() ? std::string() : nearest(found->second, end, from);
}

std::vector<std::string> FileNames::find_folder(std::string_view end, std::string_view from) const {
  const auto found = folders_.find(end.substr(end.rfind('/') + 1));
  if (found == folders_.end()) return {};
  return in_folder(nearest(found->second, end, from));
}

std::vector<std::string> FileNames::in_folder(std::string_view folder) const {
  const auto found = by_folder_.find(folder);
  if (found == by_folder_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace fathom::completion
