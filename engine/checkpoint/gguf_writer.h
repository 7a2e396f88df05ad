// Writes a GGUF file, version 3: metadata first, then tensors, streamed.
//
// Say everything that is in the file (set, add_tensor), then write(), which asks for the bytes of
// one tensor after the other. The file appears under its name complete or not at all.
//
// Threads: one at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/metadata.h"
#include "engine/dtype.h"

namespace fathom::engine {

class GgufWriter final {
 public:
  struct Tensor {
    std::string name;
    DType dtype = DType::f32;
    std::vector<int64_t> shape;  // outermost first, as in TensorInfo
  };

  /// Takes the next bytes of the tensor that is being written. Errors: io.
  using Sink = std::function<Status(std::span<const std::byte>)>;
  /// Gives all bytes of a tensor to `sink`, in order, in pieces of any size.
  using Produce = std::function<Status(size_t tensor, const Sink& sink)>;

  /// Adds or replaces a value. Types are those that llama.cpp expects of its keys: integers become
  /// u32 (below 0 i32, above 2^32 u64), arrays of them i32, numbers f32.
  void set(std::string key, Metadata::Value value);
  bool has(std::string_view key) const { return metadata_.has(key); }

  /// Tensors are stored in the order in which they are added.
  /// Errors: unsupported (rows are not whole blocks of the type, GGUF has no such type),
  /// invalid_argument (a name is there twice or too long, a shape that GGUF cannot express).
  Status add_tensor(Tensor tensor);

  std::span<const Tensor> tensors() const { return tensors_; }
  /// Of the whole file.
  uint64_t size_bytes() const;

  /// Errors: io, internal (a tensor gave more or fewer bytes than its shape says), and those of
  /// `produce`. After an error there is no file, or the one that was there before.
  Status write(const std::filesystem::path& path, const Produce& produce) const;

 private:
  std::string header() const;

  Metadata metadata_;
  std::vector<Tensor> tensors_;
  std::vector<uint64_t> sizes_;    // of tensors_, in bytes
  std::vector<uint64_t> offsets_;  // of tensors_, in the data section
};

}  // namespace fathom::engine
