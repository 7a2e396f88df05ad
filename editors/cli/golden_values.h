// What another implementation computes for some prompts, stored beside a checkpoint:
// golden.json and golden.safetensors in its folder, or NAME.golden.* beside NAME.gguf. A
// description is in tests/data/golden/README.md.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/token.h"

namespace fathom::cli {

struct GoldenPrompt {
  std::vector<engine::TokenId> ids;  // at least one, none negative
  std::vector<int32_t> positions;    // ascending; of these rows something is stored
  /// "layer0.index_topk" -> position -> what was picked, ascending.
  std::map<std::string, std::map<int, std::vector<int32_t>>> picked;
};

/// Immutable; any thread.
class GoldenValues final {
 public:
  /// `folder`: where the files are, or empty: beside the checkpoint. Errors: not_found, io,
  /// corrupt, unsupported; the message names file and field.
  static Result<GoldenValues> read(const engine::Checkpoint& checkpoint,
                                   const std::filesystem::path& folder);

  std::span<const GoldenPrompt> prompts() const { return prompts_; }

  template <class T>
  struct Rows {
    std::vector<T> numbers;  // [n_rows, width]
    int64_t n_rows = 0;      // 0: nothing is stored
  };
  /// Of prompt `prompt`: "layer0.attn_out", "logits".
  Rows<float> floats(size_t prompt, const std::string& name) const;
  /// "layer1.router_ids".
  Rows<int32_t> integers(size_t prompt, const std::string& name) const;

 private:
  template <class T>
  Rows<T> rows(size_t prompt, const std::string& name, std::string_view type) const;

  std::vector<GoldenPrompt> prompts_;
  std::optional<MappedFile> file_;
  std::vector<engine::TensorInfo> tensors_;  // in file_
};

}  // namespace fathom::cli
