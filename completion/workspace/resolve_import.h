// Where in the workspace an import leads.
//
// Pure functions; any thread.

#pragma once

#include <string>
#include <vector>

#include "completion/syntax/language.h"
#include "completion/workspace/file_names.h"
#include "completion/workspace/imports.h"

namespace fathom::completion {

/// Paths of the workspace's files that `import` of the file `from` means; empty if it leads
/// outside. Not for imports by package: see imports_package().
std::vector<std::string> resolve_import(const Import& import, const Language& language,
                                        const std::string& from, const FileNames& files);

/// The package that `import` names, for languages whose files say their package; "" else. With
/// its last part in `names` where that may be a declaration of the package.
struct PackageImport {
  std::string package;
  std::vector<std::string> names;  // empty: all of it
};
PackageImport imports_package(const Import& import, const Language& language);

}  // namespace fathom::completion
