// Launches that were asked for and not yet done, as bytes: lists that do the same are equal byte
// for byte, which is how a step that repeats is recognised (graph_cache.h).
//
// Threads: the engine thread. Headers that kernels include are small: each is compiled for every
// generation of devices.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cuda_runtime.h>

namespace fathom::cuda {

struct LaunchShape {
  dim3 blocks;
  dim3 threads;
  size_t shared_bytes = 0;
};

/// Aligned as any parameter of a kernel needs.
constexpr size_t padded_argument(size_t size) { return (size + 15) / 16 * 16; }

class LaunchList final {
 public:
  template <class... Parameters, class... Arguments>
  void add(const LaunchShape& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
    static_assert((std::is_trivially_copyable_v<Parameters> && ...));
    constexpr size_t kSize = (size_t{0} + ... + padded_argument(sizeof(Parameters)));
    std::byte* to = append({.issue = issue<Parameters...>,
                            .kernel = reinterpret_cast<void (*)()>(kernel),
                            .shape = shape,
                            .arguments_size = kSize});
    (store<Parameters>(to, std::forward<Arguments>(arguments)), ...);
    ++n_launches_;
  }

  /// Before everything else in the list: `size` bytes of pinned host memory, as they are then, to
  /// the device. Joined with the copy before if it goes on where that ends; false if it does not.
  bool add_copy(std::byte* to, const std::byte* from, size_t size) {
    if (copy_.size > 0 && (to != copy_.to + copy_.size || from != copy_.from + copy_.size))
      return false;
    if (copy_.size == 0) copy_ = {to, from, 0};
    copy_.size += size;
    return true;
  }

  /// Puts all of it on the stream. With `overlaps` each kernel starts while the one before still
  /// runs (device.h, wait_for_earlier_kernels()), but the first, which may come after a copy.
  cudaError_t issue_all(cudaStream_t stream, bool overlaps) const {
    cudaError_t error = cudaSuccess;
    if (copy_.size > 0)
      error = cudaMemcpyAsync(copy_.to, copy_.from, copy_.size, cudaMemcpyHostToDevice, stream);
    for (size_t at = 0; at < bytes_.size() && error == cudaSuccess;) {
      Record record;
      std::memcpy(&record, bytes_.data() + at, sizeof(record));
      error = record.issue({stream, overlaps && at > 0}, record, bytes_.data() + at + kRecordSize);
      at += kRecordSize + record.arguments_size;
    }
    return error;
  }

  bool empty() const { return bytes_.empty() && copy_.size == 0; }
  int n_launches() const { return n_launches_; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  bool operator==(const LaunchList& other) const {
    return copy_ == other.copy_ && bytes_ == other.bytes_;
  }
  void clear() {
    bytes_.clear();
    copy_ = {};
    n_launches_ = 0;
  }

 private:
  struct Way {
    cudaStream_t stream;
    bool overlaps;
  };
  struct Record {
    cudaError_t (*issue)(Way, const Record&, const std::byte* arguments);
    void (*kernel)();
    LaunchShape shape;
    size_t arguments_size;
  };
  struct Copy {
    std::byte* to = nullptr;
    const std::byte* from = nullptr;
    size_t size = 0;
    bool operator==(const Copy&) const = default;
  };

  static constexpr size_t kRecordSize = padded_argument(sizeof(Record));

  /// Where its arguments belong.
  std::byte* append(const Record& record);

  /// Gaps between members are whatever was in memory, unless they are cleared. GCC 12 clears wrong
  /// bytes where a gap follows an array of structs with gaps: parameters have none there.
  template <class Parameter, class Argument>
  static void store(std::byte*& to, Argument&& argument) {
    Parameter parameter = std::forward<Argument>(argument);
    __builtin_clear_padding(&parameter);
    std::memcpy(to, &parameter, sizeof(parameter));
    to += padded_argument(sizeof(parameter));
  }

  template <class Parameter>
  static const Parameter& take(const std::byte*& from) {
    const auto* parameter = std::launder(reinterpret_cast<const Parameter*>(from));
    from += padded_argument(sizeof(Parameter));
    return *parameter;
  }

  template <class... Parameters>
  static cudaError_t issue(Way way, const Record& record, const std::byte* arguments);

  std::vector<std::byte> bytes_;  // records, each with its arguments
  Copy copy_;
  int n_launches_ = 0;
};

template <class... Parameters>
cudaError_t LaunchList::issue(Way way, const Record& record, const std::byte* arguments) {
  cudaLaunchAttribute overlap = {};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = record.shape.blocks;
  config.blockDim = record.shape.threads;
  config.dynamicSmemBytes = record.shape.shared_bytes;
  config.stream = way.stream;
  config.attrs = &overlap;
  config.numAttrs = way.overlaps ? 1 : 0;
  const auto kernel = reinterpret_cast<void (*)(Parameters...)>(record.kernel);
  const auto launch = [&](const Parameters&... values) {
    return cudaLaunchKernelEx(&config, kernel, values...);
  };
  // Braces, so that they are taken in order.
  struct Call {
    cudaError_t error;
    Call(const decltype(launch)& with, const Parameters&... values) : error(with(values...)) {}
  };
  return Call{launch, take<Parameters>(arguments)...}.error;
}

inline std::byte* LaunchList::append(const Record& record) {
  const size_t at = bytes_.size();
  bytes_.resize(at + kRecordSize + record.arguments_size);  // zeros, also between the arguments
  std::memcpy(bytes_.data() + at, &record, sizeof(record));
  return bytes_.data() + at + kRecordSize;
}

}  // namespace fathom::cuda
