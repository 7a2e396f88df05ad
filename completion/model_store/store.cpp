#include "completion/model_store/store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "completion/model_store/catalogue.h"
#include "engine/base/user_paths.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;

uint64_t folder_size(const fs::path& folder) {
  uint64_t sum = 0;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error))
    if (file.is_regular_file(error)) sum += file.file_size(error);
  return sum;
}

std::optional<StoredModel> as_model(const fs::directory_entry& entry) {
  std::error_code error;
  const std::string name = entry.path().filename().string();
  if (!is_plain_name(name) || name.ends_with(".unfinished")) return std::nullopt;
  if (entry.is_directory(error)) {
    if (!fs::exists(entry.path() / "config.json", error)) return std::nullopt;
    return StoredModel{name, entry.path(), folder_size(entry.path())};
  }
  if (!name.ends_with(".gguf")) return std::nullopt;
  return StoredModel{name.substr(0, name.size() - 5), entry.path(), entry.file_size(error)};
}

}  // namespace

fs::path model_store_folder() { return user_data_path("models"); }

Result<std::vector<StoredModel>> list_models(const fs::path& store) {
  std::vector<StoredModel> models;
  std::error_code error;
  if (!fs::exists(store, error)) return models;
  fs::directory_iterator entries(store, error);
  if (error) return fail(ErrorCode::io, "{}: cannot be read: {}", store.string(), error.message());
  for (const fs::directory_entry& entry : entries)
    if (auto model = as_model(entry)) models.push_back(std::move(*model));
  std::ranges::sort(models, {}, &StoredModel::name);
  return models;
}

std::optional<fs::path> find_model(const fs::path& store, std::string_view name) {
  if (store.empty() || !is_plain_name(name)) return std::nullopt;
  std::error_code error;
  for (const fs::path& candidate : {store / name, store / (std::string(name) + ".gguf")})
    if (fs::exists(candidate, error)) return candidate;
  return std::nullopt;
}

Status remove_model(const fs::path& store, std::string_view name) {
  if (!is_plain_name(name))
    return fail(ErrorCode::invalid_argument, "'{}' is not the name of a model", name);
  const std::string stem(name.ends_with(".gguf") ? name.substr(0, name.size() - 5) : name);
  std::error_code error;
  if (!fs::exists(store, error))
    return fail(ErrorCode::not_found, "there is no pulled model '{}'", name);
  FATHOM_TRY(lock, ModelLock::take(store, stem));
  (void)lock;
  bool found = false;
  for (const std::string& file :
       {stem, stem + ".gguf", stem + ".gguf.part", stem + ".gguf.part.of", stem + ".unfinished"}) {
    const auto n = fs::remove_all(store / file, error);
    if (error)
      return fail(ErrorCode::io, "{}: cannot be removed: {}", (store / file).string(),
                  error.message());
    found = found || n > 0;
  }
  if (found) return {};
  return fail(ErrorCode::not_found, "there is no pulled model '{}'; `fathom models` lists them",
              name);
}

Result<ModelLock> ModelLock::take(const fs::path& store, std::string_view name) {
  const fs::path file = store / fmt::format(".{}.lock", name);
  const int descriptor = open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (descriptor < 0)
    return fail(ErrorCode::io, "{}: cannot be written: {}", file.string(), std::strerror(errno));
  ModelLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(ErrorCode::io, "another fathom is pulling or removing '{}' right now", name);
}

ModelLock::ModelLock(ModelLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

// The file stays: whoever waits for it has it open.
ModelLock::~ModelLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace fathom::completion
