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
  if (index_) index_->open(path);
  folders_.push_back(std::move(path));
}

void Workspace::remove(std::string_view folder_uri) {
  const std::string path = folder_path(folder_uri);
  if (std::erase(folders_, path) > 0 && index_) index_->close(path);
}

Workspace::~Workspace() {
  for (const std::string& folder : folders_)
    if (index_) index_->close(folder);
}

std::string Workspace::root_of(std::string_view uri) const {
  const std::string path = path_of_uri(uri);
  std::string root;
  for (const std::string& folder : folders_)
    if (path.starts_with(folder) && folder.size() > root.size()) root = folder;
  return root;
}

std::string Workspace::relative_path(std::string_view uri) const {
  const std::string path = path_of_uri(uri);
  const std::string root = root_of(uri);
  return path.substr(root.empty() ? path.find_last_of('/') + 1 : root.size());
}

}  // namespace fathom::lsp
