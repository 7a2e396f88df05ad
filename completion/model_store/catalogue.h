// The models that `fathom pull` knows by name.
//
// Data, and how a name or an address becomes files to download. Immutable; any thread.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace fathom::completion {

struct CatalogueEntry {
  std::string_view name;
  std::string_view repository;
  std::string_view file;  // of the repository; "": a folder with *.safetensors
  double size_gb;         // about; what is downloaded is checked against the server's own figures
  std::string_view licence;
  std::string_view purpose;
  std::string_view sha256 = {};  // of `file`; "": not known here, the server's is checked
};

std::span<const CatalogueEntry> catalogue();
/// Null if the catalogue has no such name.
const CatalogueEntry* find_in_catalogue(std::string_view name);

/// What to pull, and under which name it is kept.
struct ModelSource {
  std::string name;
  std::string repository;  // "owner/repo"
  std::string revision = "main";
  std::string file;  // "": a folder
  std::string sha256;
  bool has_weights = true;  // else only what prompts for a server are made with
};

/// The same without weights, under a name of its own.
ModelSource vocabulary_of(const ModelSource& source);

/// `what` is a name of the catalogue, owner/repo (a folder of safetensors) or owner/repo:file.
/// Errors: not_found (with the closest names), invalid_argument.
Result<ModelSource> resolve_source(std::string_view what);

/// Whether `name` can be a file's name in the store: letters, digits, ".", "_", "-", not first a
/// dot. Keeps downloads inside the store's folder.
bool is_plain_name(std::string_view name);

}  // namespace fathom::completion
