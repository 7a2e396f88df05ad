// The folder of pulled models: NAME.gguf, or NAME/ with a Hugging Face checkpoint.
//
// Threads: any. Two processes may use one store: pulling and removing a model takes its lock.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace fathom::completion {

/// $XDG_DATA_HOME/fathom/models, or below ~/.local/share; empty if there is no home directory.
std::filesystem::path model_store_folder();

struct StoredModel {
  std::string name;
  std::filesystem::path path;
  uint64_t size_bytes = 0;
};

/// Complete models, by name. Errors: io (the folder is there but cannot be read).
Result<std::vector<StoredModel>> list_models(const std::filesystem::path& store);

/// The file or folder of a model that was pulled; nothing if there is none.
std::optional<std::filesystem::path> find_model(const std::filesystem::path& store,
                                                std::string_view name);

/// Removes a model and what is left of an unfinished download of it.
/// Errors: not_found, io (in use by another process, or the system refuses).
Status remove_model(const std::filesystem::path& store, std::string_view name);

/// Held while a model is pulled or removed; the system lets go of it when the process ends.
class ModelLock final {
 public:
  /// Errors: io (somebody else has it).
  static Result<ModelLock> take(const std::filesystem::path& store, std::string_view name);
  ModelLock(ModelLock&& other) noexcept;
  ModelLock& operator=(ModelLock&&) = delete;
  ~ModelLock();

 private:
  explicit ModelLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace fathom::completion
