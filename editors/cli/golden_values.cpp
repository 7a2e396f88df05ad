#include "editors/cli/golden_values.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <nlohmann/json.hpp>

#include "engine/checkpoint/json_file.h"
#include "engine/checkpoint/safetensors.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kMaxJsonBytes = 64 << 20;
constexpr size_t kMaxPromptTokens = 1 << 16;
constexpr int64_t kMaxTokenId = 1 << 24;

struct Paths {
  fs::path json, safetensors;
};

Paths paths_of(const engine::Checkpoint& checkpoint, const fs::path& folder) {
  if (checkpoint.folder() || !folder.empty()) {
    const fs::path where = folder.empty() ? *checkpoint.folder() : folder;
    return {where / "golden.json", where / "golden.safetensors"};
  }
  const std::string stem = fs::path(checkpoint.source()).replace_extension().string();
  return {stem + ".golden.json", stem + ".golden.safetensors"};
}

// Python writes Infinity, which JSON does not have.
Status read_json(const fs::path& path, json& out) {
  FATHOM_TRY(text, read_text_file(path, kMaxJsonBytes));
  constexpr std::string_view kInfinity = "Infinity";
  for (size_t at = 0; (at = text.find(kInfinity, at)) != std::string::npos;)
    text.replace(at, kInfinity.size(), "1e99");
  return engine::parse_json(text, path.string(), out);
}

const json& field(const json& object, const std::string& name) {
  static const json kNothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}

/// An array of integers in [0, limit); nothing for any other JSON.
std::optional<std::vector<int32_t>> indices(const json& array, int64_t limit) {
  if (!array.is_array() || array.size() > kMaxPromptTokens) return std::nullopt;
  std::vector<int32_t> out;
  for (const json& item : array) {
    if (!item.is_number_integer() || item.get<int64_t>() < 0 || item.get<int64_t>() >= limit)
      return std::nullopt;
    out.push_back(item.get<int32_t>());
  }
  return out;
}

std::optional<GoldenPrompt> prompt_of(const json& entry) {
  GoldenPrompt p;
  const auto ids = indices(field(entry, "ids"), kMaxTokenId);
  if (!ids || ids->empty()) return std::nullopt;
  p.ids = *ids;
  const auto n_tokens = static_cast<int64_t>(p.ids.size());
  const auto positions = indices(field(entry, "positions"), n_tokens);
  if (!positions || !std::ranges::is_sorted(*positions)) return std::nullopt;
  p.positions = *positions;
  const json& picked = field(entry, "index_topk");
  if (!picked.is_object()) return p;
  for (const auto& [name, rows] : picked.items()) {
    if (!rows.is_object()) return std::nullopt;
    for (const auto& [key, row] : rows.items()) {
      int position = 0;
      const auto parsed = std::from_chars(key.data(), key.data() + key.size(), position);
      const auto numbers = indices(row, n_tokens);
      if (parsed.ptr != key.data() + key.size() || position < 0 || position >= n_tokens || !numbers)
        return std::nullopt;
      p.picked[name][position] = *numbers;
    }
  }
  return p;
}

}  // namespace

Result<GoldenValues> GoldenValues::read(const engine::Checkpoint& checkpoint,
                                        const fs::path& folder) {
  const Paths paths = paths_of(checkpoint, folder);
  json document;
  FATHOM_CHECK(read_json(paths.json, document));
  GoldenValues values;
  const json& entries = field(document, "prompts");
  for (const json& entry : entries.is_array() ? entries : json::array()) {
    auto prompt = prompt_of(entry);
    if (!prompt)
      return fail(ErrorCode::corrupt,
                  "{}: 'prompts': the ids or positions of prompt {} are not those of a text",
                  paths.json.string(), values.prompts_.size());
    values.prompts_.push_back(std::move(*prompt));
  }
  if (values.prompts_.empty())
    return fail(ErrorCode::corrupt, "{}: 'prompts' is missing", paths.json.string());

  FATHOM_TRY(file, MappedFile::open(paths.safetensors));
  values.file_ = std::move(file);
  FATHOM_TRY(tensors, engine::read_safetensors(values.file_->bytes(), paths.safetensors.string()));
  values.tensors_ = std::move(tensors);
  return values;
}

template <class T>
GoldenValues::Rows<T> GoldenValues::rows(size_t prompt, const std::string& name,
                                         std::string_view type) const {
  const auto found =
      std::ranges::find(tensors_, fmt::format("p{}.{}", prompt, name), &engine::TensorInfo::name);
  if (found == tensors_.end() || found->type_name != type || found->shape.empty()) return {};
  Rows<T> rows = {.numbers = std::vector<T>(found->bytes.size() / sizeof(T)),
                  .n_rows = found->shape.front()};
  std::memcpy(rows.numbers.data(), found->bytes.data(), rows.numbers.size() * sizeof(T));
  return rows;
}

GoldenValues::Rows<float> GoldenValues::floats(size_t prompt, const std::string& name) const {
  return rows<float>(prompt, name, "F32");
}

GoldenValues::Rows<int32_t> GoldenValues::integers(size_t prompt, const std::string& name) const {
  return rows<int32_t>(prompt, name, "I32");
}

}  // namespace fathom::cli
