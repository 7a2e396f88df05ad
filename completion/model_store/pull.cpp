#include "completion/model_store/pull.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include "completion/model_store/download.h"
#include "completion/model_store/store.h"
#include "engine/base/mapped_file.h"

namespace fathom::completion {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMaxIndexBytes = 100 << 20;
constexpr const char* kIndex = "model.safetensors.index.json";

class Pull final {
 public:
  Pull(const ModelSource& source, const PullOptions& options)
      : source_(source), options_(options) {}

  Status fetch(const std::string& name, const fs::path& file,
               const std::string& sha256 = "") const {
    std::string endpoint = options_.endpoint;
    while (endpoint.ends_with('/')) endpoint.pop_back();
    DownloadOptions download_options = {.token = options_.token,
                                        .timeout_s = options_.timeout_s,
                                        .user_agent = options_.user_agent,
                                        .cancel = options_.cancel,
                                        .progress = [&](uint64_t done, uint64_t total) {
                                          if (options_.progress)
                                            options_.progress(name, done, total);
                                        }};
    return download({.url = fmt::format("{}/{}/resolve/{}/{}", endpoint, source_.repository,
                                        source_.revision, name),
                     .sha256 = sha256},
                    file, download_options);
  }

  /// Files that were fetched by an earlier call are not fetched again.
  Status fetch_into(const fs::path& folder, const std::string& name) const {
    std::error_code error;
    if (fs::exists(folder / name, error)) return {};
    return fetch(name, folder / name);
  }

  /// A repository need not have it.
  Status fetch_optional(const fs::path& folder, const std::string& name) const {
    const Status fetched = fetch_into(folder, name);
    if (!fetched && fetched.error().code == ErrorCode::not_found) return {};
    return fetched;
  }

  Status fetch_folder(const fs::path& folder) const {
    for (const char* file : {"config.json", "tokenizer.json"})
      FATHOM_CHECK(fetch_into(folder, file));
    for (const char* file :
         {"tokenizer_config.json", "generation_config.json", "chat_template.jinja"})
      FATHOM_CHECK(fetch_optional(folder, file));
    if (!source_.has_weights) return {};
    FATHOM_CHECK(fetch_optional(folder, kIndex));
    FATHOM_TRY(shards, list_shards(folder));
    for (const std::string& shard : shards) FATHOM_CHECK(fetch_into(folder, shard));
    return {};
  }

 private:
  static Result<std::set<std::string>> list_shards(const fs::path& folder) {
    std::error_code error;
    if (!fs::exists(folder / kIndex, error)) return std::set<std::string>{"model.safetensors"};
    FATHOM_TRY(text, read_text_file(folder / kIndex, kMaxIndexBytes));
    const Json index = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    const auto map = index.is_object() ? index.find("weight_map") : index.end();
    std::set<std::string> shards;
    if (map != index.end() && map->is_object()) {
      for (const Json& shard : *map) {
        // A name that stays in the folder.
        if (!shard.is_string() || !is_plain_name(shard.get<std::string>()))
          return fail(ErrorCode::corrupt, "{}: names a file outside the model", kIndex);
        shards.insert(shard.get<std::string>());
      }
    }
    if (shards.empty()) return fail(ErrorCode::corrupt, "{}: lists no files", kIndex);
    return shards;
  }

  const ModelSource& source_;
  const PullOptions& options_;
};

}  // namespace

Result<PulledModel> pull_model(const ModelSource& source, const fs::path& store,
                               const PullOptions& options) {
  if (store.empty()) {
    return fail(ErrorCode::invalid_argument,
                "there is no place for models: set HOME or XDG_DATA_HOME");
  }
  if (const auto there = find_model(store, source.name))
    return PulledModel{.name = source.name, .path = *there, .was_there = true};
  std::error_code error;
  fs::create_directories(store, error);
  if (error) return fail(ErrorCode::io, "{}: cannot be made: {}", store.string(), error.message());
  FATHOM_TRY(lock, ModelLock::take(store, source.name));
  (void)lock;

  const Pull pull(source, options);
  if (!source.file.empty()) {
    const fs::path file = store / (source.name + ".gguf");
    FATHOM_CHECK(pull.fetch(source.file, file, source.sha256));
    return PulledModel{.name = source.name, .path = file};
  }
  const fs::path unfinished = store / (source.name + ".unfinished");
  const fs::path folder = store / source.name;
  fs::create_directories(unfinished, error);
  FATHOM_CHECK(pull.fetch_folder(unfinished));
  fs::rename(unfinished, folder, error);
  if (error) return fail(ErrorCode::io, "{}: cannot be made: {}", folder.string(), error.message());
  return PulledModel{.name = source.name, .path = folder};
}

}  // namespace fathom::completion
