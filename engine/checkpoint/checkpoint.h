// A model file, opened and validated: its metadata and where its tensors lie.
//
// Reads a GGUF file (v2, v3) or a Hugging Face folder (config.json and *.safetensors, sharded or
// not). The bytes stay in the file, mapped; nothing is read until a tensor is used.
//
// Every file is hostile until validated: all arithmetic is checked, every tensor lies inside its
// file and overlaps no other, counts and names are bounded before anything is allocated.
//
// Immutable; any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/checkpoint/metadata.h"
#include "engine/dtype.h"

namespace fathom::engine {

struct TensorInfo {
  std::string name;
  std::string type_name;       // as the format calls it: "Q4_K", "BF16"
  std::optional<DType> dtype;  // nothing: a type fathom cannot compute with
  std::vector<int64_t> shape;  // outermost first: [rows, cols] or [count, rows, cols]
  std::span<const std::byte> bytes;
};

class Checkpoint final {
 public:
  enum class Format { gguf, hugging_face };

  /// Errors: not_found, io, corrupt, unsupported. The message names file and field.
  static Result<std::shared_ptr<const Checkpoint>> open(const std::filesystem::path& path);

  /// A GGUF image in memory that outlives the checkpoint (the built-in model). `name` is for
  /// messages.
  static Result<std::shared_ptr<const Checkpoint>> open_memory(std::span<const std::byte> gguf,
                                                               std::string name);

  Format format() const { return format_; }
  /// Path or name, for messages.
  const std::string& source() const { return source_; }
  /// "DeepseekV3ForCausalLM" (config.json's architectures[0]) or "deepseek2" (GGUF).
  const std::string& architecture() const { return architecture_; }
  const Metadata& metadata() const { return metadata_; }
  /// Sorted by name.
  std::span<const TensorInfo> tensors() const { return tensors_; }
  /// Null if there is none of that name.
  const TensorInfo* find(std::string_view name) const;
  /// The folder of a Hugging Face checkpoint; nothing for GGUF.
  const std::optional<std::filesystem::path>& folder() const { return folder_; }
  /// Sum of the tensors' bytes.
  uint64_t size_bytes() const;

  /// What the tensors are mapped from; none for an image in memory.
  std::span<const MappedFile> files() const { return files_; }
  /// Whether the tensor's file is as it was when it was opened: else it must not be read.
  /// Errors: io.
  Status check_intact(const TensorInfo& tensor) const;

 private:
  friend class CheckpointBuilder;  // the readers of each format
  Checkpoint() = default;

  Format format_ = Format::gguf;
  std::string source_;
  std::string architecture_;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;
  std::optional<std::filesystem::path> folder_;
  std::vector<MappedFile> files_;  // own what tensors_ point into
};

}  // namespace fathom::engine
