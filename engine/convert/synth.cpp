#include "engine/convert/synth.h"

#include <algorithm>
#include <map>
#include <random>
#include <system_error>

#include "engine/convert/gguf_metadata.h"
#include "engine/convert/layout.h"
#include "engine/convert/quant_mix.h"
#include "engine/convert/shapes.h"
#include "engine/convert/write_model.h"
#include "engine/quant/quantize.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;

/// With it a row of 2048 numbers of size 1 gives a sum of size 0.9.
constexpr float kDeviation = 0.02f;
constexpr size_t kPoolNumbers = 1 << 20;
constexpr size_t kPiece = 4 << 20;  // bytes
constexpr int64_t kUnusedToken = 5;

// Quantising billions of numbers takes an hour; instead rows are cut out of a pool of blocks.
class RandomBlocks final {
 public:
  explicit RandomBlocks(uint64_t seed) : random_(seed) {}

  Status write(const GgufWriter::Tensor& tensor, const GgufWriter::Sink& sink) {
    const int64_t cols = tensor.shape.back();
    int64_t rows = 1;
    for (size_t i = 0; i + 1 < tensor.shape.size(); ++i) rows *= tensor.shape[i];
    if (tensor.shape.size() == 1) return write_ones(cols, sink);

    const std::vector<std::byte>& pool = pool_of(tensor.dtype);
    const auto row = static_cast<size_t>(*row_bytes(tensor.dtype, cols));
    const auto block = static_cast<size_t>(info(tensor.dtype).block_bytes);
    const size_t n_starts = (pool.size() - row) / block + 1;
    std::vector<std::byte> piece;
    for (int64_t r = 0; r < rows; ++r) {
      const size_t begin = random_() % n_starts * block;
      piece.insert(piece.end(), pool.begin() + begin, pool.begin() + begin + row);
      if (piece.size() < kPiece && r + 1 < rows) continue;
      FATHOM_CHECK(sink(piece));
      piece.clear();
    }
    return {};
  }

 private:
  static Status write_ones(int64_t n, const GgufWriter::Sink& sink) {
    const std::vector<float> ones(n, 1.0f);
    return sink(std::as_bytes(std::span(ones)));
  }

  const std::vector<std::byte>& pool_of(DType dtype) {
    std::vector<std::byte>& pool = pools_[dtype];
    if (pool.empty()) {
      std::vector<float> numbers(kPoolNumbers);
      for (float& x : numbers) x = normal();
      pool.resize(static_cast<size_t>(*row_bytes(dtype, kPoolNumbers)));
      quantize(dtype, numbers, pool);
    }
    return pool;
  }

  /// The sum of twelve even numbers: the standard library's normal numbers differ between systems.
  float normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random_() >> 11) * 0x1p-53;
    return kDeviation * static_cast<float>(sum);
  }

  std::mt19937_64 random_;
  std::map<DType, std::vector<std::byte>> pools_;
};

/// The tokenizer of a GGUF model, with as many tokens as there are embeddings.
void copy_tokenizer(const Checkpoint& from, int64_t n_tokens, GgufWriter& writer) {
  for (const auto& [key, value] : from.metadata().all())
    if (key.starts_with("tokenizer.")) writer.set(key, value);
  const auto known = from.metadata().strings("tokenizer.ggml.tokens");
  const auto known_types = from.metadata().integers("tokenizer.ggml.token_type");
  std::vector<std::string> tokens(known.begin(), known.end());
  std::vector<int64_t> types(known_types.begin(), known_types.end());
  for (auto id = static_cast<int64_t>(tokens.size()); id < n_tokens; ++id)
    tokens.push_back(fmt::format("[PAD{}]", id));
  types.resize(tokens.size(), kUnusedToken);
  writer.set("tokenizer.ggml.tokens", std::move(tokens));
  writer.set("tokenizer.ggml.token_type", std::move(types));
}

Status check_space(const fs::path& out, uint64_t size_bytes) {
  std::error_code error;
  const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
  const fs::space_info space = fs::space(folder, error);
  if (error || size_bytes <= space.available) return {};
  return fail(ErrorCode::io, "{}: the disk has {:.1f} GB left, {:.1f} GB are needed", out.string(),
              static_cast<double>(space.available) / 1e9, static_cast<double>(size_bytes) / 1e9);
}

}  // namespace

Result<ConvertReport> synthesise(const Checkpoint& tokenizer, const fs::path& out,
                                 const SynthOptions& options) {
  FATHOM_TRY(mix, require_quant_mix(options.convert.mix));
  FATHOM_TRY(shape, make_shape(options.shape));
  FATHOM_TRY(layout, find_layout(*shape));
  GgufWriter writer;
  FATHOM_CHECK(write_hyperparameters(*shape, *layout, writer));
  copy_tokenizer(tokenizer, *shape->metadata().integer("vocab_size"), writer);
  FATHOM_TRY(sources, lay_out(*shape, *layout));
  FATHOM_TRY(report, add_tensors(writer, sources, *mix));
  FATHOM_CHECK(check_space(out, report.size_bytes));

  uint64_t done = 0;
  RandomBlocks blocks(options.seed);
  FATHOM_CHECK(writer.write(out, [&](size_t i, const GgufWriter::Sink& sink) {
    return blocks.write(writer.tensors()[i], [&](std::span<const std::byte> bytes) {
      done += bytes.size();
      if (options.convert.progress) options.convert.progress(done, report.size_bytes);
      return sink(bytes);
    });
  }));
  return report;
}

}  // namespace fathom::engine
