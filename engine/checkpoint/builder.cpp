#include "engine/checkpoint/builder.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/base/text.h"

namespace fathom::engine {

Result<std::shared_ptr<const Checkpoint>> CheckpointBuilder::build(CheckpointParts parts) {
  std::sort(parts.tensors.begin(), parts.tensors.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.name < b.name; });
  const auto twin =
      std::adjacent_find(parts.tensors.begin(), parts.tensors.end(),
                         [](const TensorInfo& a, const TensorInfo& b) { return a.name == b.name; });
  if (twin != parts.tensors.end()) {
    return fail(ErrorCode::corrupt, "{}: tensor '{}' is there twice", parts.source, twin->name);
  }

  std::shared_ptr<Checkpoint> checkpoint(new Checkpoint());
  checkpoint->format_ = parts.format;
  checkpoint->source_ = std::move(parts.source);
  checkpoint->architecture_ = std::move(parts.architecture);
  checkpoint->metadata_ = std::move(parts.metadata);
  checkpoint->tensors_ = std::move(parts.tensors);
  checkpoint->folder_ = std::move(parts.folder);
  checkpoint->files_ = std::move(parts.files);
  return checkpoint;
}

Status check_overlaps(const std::string& source, std::span<const TensorInfo> tensors) {
  std::vector<const TensorInfo*> in_order;
  in_order.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    if (!tensor.bytes.empty()) in_order.push_back(&tensor);
  }
  std::sort(in_order.begin(), in_order.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return std::less<>()(a->bytes.data(), b->bytes.data());
  });
  for (size_t i = 1; i < in_order.size(); ++i) {
    const TensorInfo& before = *in_order[i - 1];
    const TensorInfo& after = *in_order[i];
    if (before.bytes.data() + before.bytes.size() > after.bytes.data()) {
      return fail(ErrorCode::corrupt, "{}: tensor '{}': overlaps tensor '{}'", source, after.name,
                  before.name);
    }
  }
  return {};
}

bool is_printable(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return !name.empty() && valid_prefix(name) == name.size() &&
         std::none_of(name.begin(), name.end(), is_control);
}

}  // namespace fathom::engine
