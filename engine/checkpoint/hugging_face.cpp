#include "engine/checkpoint/hugging_face.h"

#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/checkpoint/builder.h"
#include "engine/checkpoint/config_json.h"
#include "engine/checkpoint/json_file.h"
#include "engine/checkpoint/safetensors.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMaxConfigBytes = 4 << 20;
constexpr size_t kMaxConfigValues = 100'000;
constexpr size_t kMaxIndexBytes = 16 << 20;
constexpr size_t kMaxIndexValues = 150'000;  // DeepSeek-V3 in FP8 has 92 thousand tensors
constexpr size_t kMaxShards = 4096;
constexpr size_t kMaxTensorsOfAllShards = 1 << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

struct Index {
  std::set<std::string> shards;      // file names in the folder
  std::vector<std::string> tensors;  // that the shards must have
};

/// A name that stays in the folder.
bool is_plain_file_name(const std::string& name) {
  return is_printable(name) && name != "." && name != ".." && fs::path(name).filename() == name;
}

Result<Index> read_index(const fs::path& path) {
  Json json;
  FATHOM_CHECK(read_json_file(path, kMaxIndexBytes, json, nullptr, kMaxIndexValues));
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (map == json.end() || !map->is_object())
    return fail(ErrorCode::corrupt, "{}: 'weight_map' is missing", path.string());

  Index index;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_file_name(shard.get<std::string>())) {
      return fail(ErrorCode::corrupt,
                  "{}: 'weight_map': a tensor's file is not the name of a file in the folder",
                  path.string());
    }
    index.shards.insert(shard.get<std::string>());
    index.tensors.push_back(tensor);
  }
  if (index.shards.size() > kMaxShards) {
    return fail(ErrorCode::unsupported, "{}: has {} shards; the limit is {}", path.string(),
                index.shards.size(), kMaxShards);
  }
  return index;
}

Result<Index> find_weights(const fs::path& folder) {
  if (is_there(folder / "model.safetensors")) return Index{{"model.safetensors"}, {}};
  if (is_there(folder / "model.safetensors.index.json"))
    return read_index(folder / "model.safetensors.index.json");
  if (is_there(folder / "tokenizer.json")) return Index{};  // the vocabulary of a model elsewhere
  return fail(ErrorCode::not_found,
              "{}: has neither model.safetensors nor model.safetensors.index.json, nor a "
              "tokenizer.json",
              folder.string());
}

Status check_complete(const Index& index, const CheckpointParts& parts) {
  std::unordered_set<std::string_view> names;
  for (const TensorInfo& tensor : parts.tensors) names.insert(tensor.name);
  for (const std::string& name : index.tensors) {
    if (!names.contains(name)) {
      return fail(ErrorCode::corrupt,
                  "{}: tensor '{}': is in model.safetensors.index.json but in no shard; download "
                  "the shards again",
                  parts.source, name);
    }
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Checkpoint>> open_hugging_face(const fs::path& folder) {
  const fs::path config_path = folder / "config.json";
  if (!is_there(config_path)) {
    return fail(ErrorCode::not_found,
                "{}: is a folder without config.json; pass a GGUF file or a Hugging Face folder",
                folder.string());
  }
  Json config;
  FATHOM_CHECK(read_json_file(config_path, kMaxConfigBytes, config, nullptr, kMaxConfigValues));

  CheckpointParts parts;
  parts.format = Checkpoint::Format::hugging_face;
  parts.source = folder.string();
  parts.folder = folder;
  FATHOM_TRY(metadata, flatten_config(config, config_path.string()));
  parts.metadata = std::move(metadata);

  const auto architectures = parts.metadata.strings("architectures");
  if (architectures.empty() || !is_printable(architectures[0]))
    return fail(ErrorCode::corrupt, "{}: 'architectures' is missing", config_path.string());
  parts.architecture = architectures[0];

  FATHOM_TRY(index, find_weights(folder));
  for (const std::string& shard : index.shards) {
    FATHOM_TRY(file, MappedFile::open(folder / shard));
    FATHOM_TRY(tensors, read_safetensors(file.bytes(), (folder / shard).string()));
    parts.files.push_back(std::move(file));
    parts.tensors.insert(parts.tensors.end(), std::make_move_iterator(tensors.begin()),
                         std::make_move_iterator(tensors.end()));
    if (parts.tensors.size() > kMaxTensorsOfAllShards) {
      return fail(ErrorCode::unsupported, "{}: has more than {} tensors", parts.source,
                  kMaxTensorsOfAllShards);
    }
  }
  FATHOM_CHECK(check_complete(index, parts));
  return CheckpointBuilder::build(std::move(parts));
}

}  // namespace fathom::engine
