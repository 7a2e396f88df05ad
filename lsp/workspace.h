// The folders a client works in. Main thread only; never looks at the file system.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fathom::lsp {

class Workspace final {
 public:
  void add(std::string_view folder_uri);
  void remove(std::string_view folder_uri);
  /// The first folder, which ends in '/'; "" if there is none.
  std::string first() const { return folders_.empty() ? std::string() : folders_.front(); }

  /// Path of a document as the model is shown it: relative to the innermost folder that holds it,
  /// or its file name alone if none does. What lies above a project is nobody's business, and a
  /// path that differs between machines would only confuse the model.
  std::string relative_path(std::string_view uri) const;

 private:
  std::vector<std::string> folders_;  // paths that end in '/'
};

}  // namespace fathom::lsp
