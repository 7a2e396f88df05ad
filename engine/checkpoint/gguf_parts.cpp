// GGUF models in one file or split into several, as llama.cpp's gguf-split does it: the first part
// has the metadata, each has some of the tensors, and keys "split.*" say which part it is.

#include <iterator>
#include <system_error>
#include <utility>

#include "engine/base/mapped_file.h"
#include "engine/checkpoint/gguf.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxParts = 1024;

Result<std::shared_ptr<const Checkpoint>> build(CheckpointParts parts) {
  if (parts.architecture.empty())
    return fail(ErrorCode::corrupt, "{}: 'general.architecture' is missing", parts.source);
  return CheckpointBuilder::build(std::move(parts));
}

struct Read {
  MappedFile file;
  CheckpointParts parts;
};

Result<Read> read_file(const fs::path& path) {
  FATHOM_TRY(file, MappedFile::open(path));
  FATHOM_TRY(parts, read_gguf(file.bytes(), path.string()));
  return Read{std::move(file), std::move(parts)};
}

int64_t count_parts(const CheckpointParts& parts) {
  return parts.metadata.integer("split.count").value_or(1);
}

/// "-00002-of-00003.gguf"
std::string suffix(int64_t index, int64_t n) {
  return fmt::format("-{:05}-of-{:05}.gguf", index + 1, n);
}

/// The files of all parts, from the name of one of them.
Result<std::vector<fs::path>> name_parts(const fs::path& path, const CheckpointParts& one) {
  const int64_t n = count_parts(one);
  const int64_t index = one.metadata.integer("split.no").value_or(-1);
  if (n > kMaxParts || index < 0 || index >= n) {
    return fail(ErrorCode::corrupt, "{}: 'split.no' {} of 'split.count' {} is not a part",
                one.source, index, n);
  }
  const std::string name = path.filename().string();
  if (!name.ends_with(suffix(index, n))) {
    return fail(ErrorCode::unsupported,
                "{}: is part {} of {} of a split model; its name must end in {}, so that the other "
                "parts can be found beside it",
                one.source, index + 1, n, suffix(index, n));
  }
  const std::string stem = name.substr(0, name.size() - suffix(index, n).size());
  std::vector<fs::path> paths;
  for (int64_t i = 0; i < n; ++i) paths.push_back(path.parent_path() / (stem + suffix(i, n)));
  return paths;
}

Status check_part(const CheckpointParts& part, int64_t index, int64_t n) {
  if (count_parts(part) == n && part.metadata.integer("split.no") == index) return {};
  return fail(ErrorCode::corrupt,
              "{}: is named part {} of {}, but says otherwise inside ('split.no', 'split.count')",
              part.source, index + 1, n);
}

Result<std::shared_ptr<const Checkpoint>> open_parts(const std::vector<fs::path>& paths) {
  const auto n = static_cast<int64_t>(paths.size());
  CheckpointParts all;
  for (int64_t i = 0; i < n; ++i) {
    std::error_code error;
    if (!fs::exists(paths[i], error)) {
      return fail(ErrorCode::not_found,
                  "part {} of {} is missing: {}; download it into that folder", i + 1, n,
                  paths[i].string());
    }
    FATHOM_TRY(read, read_file(paths[i]));
    FATHOM_CHECK(check_part(read.parts, i, n));
    if (i == 0) {
      all = std::move(read.parts);
    } else {
      std::move(read.parts.tensors.begin(), read.parts.tensors.end(),
                std::back_inserter(all.tensors));
    }
    all.files.push_back(std::move(read.file));
    if (all.tensors.size() > kMaxTensors)
      return fail(ErrorCode::corrupt, "{}: the parts have more than {} tensors", all.source,
                  kMaxTensors);
  }
  const auto n_tensors = static_cast<int64_t>(all.tensors.size());
  if (all.metadata.integer("split.tensors.count").value_or(n_tensors) != n_tensors) {
    return fail(ErrorCode::corrupt,
                "{}: the parts have {} tensors, but 'split.tensors.count' is {}", all.source,
                n_tensors, *all.metadata.integer("split.tensors.count"));
  }
  return build(std::move(all));
}

}  // namespace

Result<std::shared_ptr<const Checkpoint>> open_gguf(std::span<const std::byte> bytes,
                                                    std::string source) {
  FATHOM_TRY(parts, read_gguf(bytes, source));
  if (count_parts(parts) > 1) {
    return fail(ErrorCode::unsupported, "{}: is one of {} parts of a model", source,
                count_parts(parts));
  }
  return build(std::move(parts));
}

Result<std::shared_ptr<const Checkpoint>> open_gguf_file(const fs::path& path) {
  FATHOM_TRY(read, read_file(path));
  if (count_parts(read.parts) > 1) {
    FATHOM_TRY(paths, name_parts(path, read.parts));
    return open_parts(paths);
  }
  read.parts.files.push_back(std::move(read.file));
  return build(std::move(read.parts));
}

}  // namespace fathom::engine
