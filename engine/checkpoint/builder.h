// What the reader of each format hands over, and the checks that all formats share.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mapped_file.h"
#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// Of one file. A folder may have several.
inline constexpr size_t kMaxTensors = 65536;
inline constexpr size_t kMaxDims = 4;
inline constexpr size_t kMaxTensorName = 256;  // bytes

struct CheckpointParts {
  Checkpoint::Format format = Checkpoint::Format::gguf;
  std::string source;
  std::string architecture;
  Metadata metadata;
  std::vector<TensorInfo> tensors;
  std::optional<std::filesystem::path> folder;
  std::vector<MappedFile> files;
};

class CheckpointBuilder final {
 public:
  /// Sorts the tensors. Errors: corrupt (two tensors of one name).
  static Result<std::shared_ptr<const Checkpoint>> build(CheckpointParts parts);
};

/// Errors: corrupt (the bytes of two tensors overlap). `tensors` are those of the file `source`.
Status check_overlaps(const std::string& source, std::span<const TensorInfo> tensors);

/// Whether `name` can stand in a message: not empty, UTF-8, no control characters.
bool is_printable(std::string_view name);

}  // namespace fathom::engine
