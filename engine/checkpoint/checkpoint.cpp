#include "engine/checkpoint/checkpoint.h"

#include <algorithm>
#include <functional>
#include <system_error>
#include <utility>

#include "engine/checkpoint/gguf.h"
#include "engine/checkpoint/hugging_face.h"

namespace fathom::engine {

Result<std::shared_ptr<const Checkpoint>> Checkpoint::open(const std::filesystem::path& path) {
  std::error_code ignored;  // MappedFile::open reports what is wrong with the path
  if (std::filesystem::is_directory(path, ignored)) return open_hugging_face(path);
  return open_gguf_file(path);
}

Result<std::shared_ptr<const Checkpoint>> Checkpoint::open_memory(std::span<const std::byte> gguf,
                                                                  std::string name) {
  return open_gguf(gguf, std::move(name));
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const auto found =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const TensorInfo& a, std::string_view b) { return a.name < b; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

uint64_t Checkpoint::size_bytes() const {
  uint64_t sum = 0;
  for (const TensorInfo& tensor : tensors_) sum += tensor.bytes.size();
  return sum;
}

Status Checkpoint::check_intact(const TensorInfo& tensor) const {
  const std::less<> before;
  for (const MappedFile& file : files_) {
    const std::span<const std::byte> bytes = file.bytes();
    const std::byte* begin = tensor.bytes.data();
    if (before(begin, bytes.data()) || !before(begin, bytes.data() + bytes.size())) continue;
    if (file.is_intact()) return {};
    return fail(ErrorCode::io, "{}: was changed while it was loaded; try again when it is whole",
                file.path().string());
  }
  return {};  // an image in memory
}

}  // namespace fathom::engine
