// The folders a client works in, which are indexed as long as it does. Main thread only; never
// looks at the file system.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "completion/workspaces.h"

namespace fathom::lsp {

class Workspace final {
 public:
  /// `index` may be null.
  explicit Workspace(completion::Workspaces* index = nullptr) : index_(index) {}
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void add(std::string_view folder_uri);
  void remove(std::string_view folder_uri);
  /// Paths, each of which ends in '/'.
  const std::vector<std::string>& folders() const { return folders_; }
  /// The first folder, which ends in '/'; "" if there is none.
  std::string first() const { return folders_.empty() ? std::string() : folders_.front(); }

  /// Path of a document as the model is shown it: relative to the innermost folder that holds it,
  /// or its file name alone if none does. What lies above a project is nobody's business, and a
  /// path that differs between machines would only confuse the model.
  std::string relative_path(std::string_view uri) const;
  /// The innermost folder that holds the document, which ends in '/'; "" if none does.
  std::string root_of(std::string_view uri) const;

 private:
  completion::Workspaces* const index_;
  std::vector<std::string> folders_;  // paths that end in '/'
};

}  // namespace fathom::lsp
