#include "lsp/workspace.h"

#include <algorithm>

#include "lsp/uri.h"

namespace fathom::lsp {
namespace {

std::string folder_path(std::string_view uri) {
  std::string path = path_of_uri(uri);
  if (!path.empty() && path.back() != '/') path += '/';
  return path;
}

}  // namespace

void Workspace::add(std::string_view folder_uri) {
  std::string path = folder_path(folder_uri);
  if (path.empty() || std::ranges::find(folders_, path) != folders_.end()) return;
  folders_.push_back(std::move(path));
}

void Workspace::remove(std::string_view folder_uri) {
  std::erase(folders_, folder_path(folder_uri));
}

std::string Workspace::relative_path(std::string_view uri) const {
  const std::string path = path_of_uri(uri);
  size_t n_folder = 0;
  for (const std::string& folder : folders_)
    if (path.starts_with(folder)) n_folder = std::max(n_folder, folder.size());
  if (n_folder > 0) return path.substr(n_folder);
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace fathom::lsp
