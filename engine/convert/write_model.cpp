#include "engine/convert/write_model.h"

#include <algorithm>

#include "engine/quant/quantize.h"

namespace fathom::engine {
namespace {

// Numbers in one piece of work: 16 MiB of f32 in all threads together.
constexpr int64_t kChunk = 4 << 20;

class TensorWriter final {
 public:
  explicit TensorWriter(const ConvertOptions& options)
      : pool_(options.n_threads), buffers_(options.n_threads) {}

  Status write(const TensorSource& source, DType dtype, const GgufWriter::Sink& sink) {
    if (source.stored && source.stored->dtype == dtype) return copy(source.stored->bytes, sink);
    const int64_t row = *row_bytes(dtype, source.cols);
    const int64_t units = std::max<int64_t>(1, kChunk / (source.cols * source.unit));
    const int64_t most = units * source.unit;
    for (int64_t first = 0; first < source.rows; first += most) {
      const int64_t n = std::min(most, source.rows - first);
      bytes_.resize(n * row);
      pool_.parallel_for(n, source.unit, [&](int64_t begin, int64_t end, int part) {
        std::vector<float>& numbers = buffers_[part];
        numbers.resize((end - begin) * source.cols);
        source.read(first + begin, numbers);
        quantize(dtype, numbers, std::span(bytes_).subspan(begin * row, (end - begin) * row));
      });
      FATHOM_CHECK(sink(bytes_));
    }
    return {};
  }

 private:
  // In pieces, so that progress is seen.
  static Status copy(std::span<const std::byte> bytes, const GgufWriter::Sink& sink) {
    constexpr size_t kPiece = 16 << 20;
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(kPiece, bytes.size())))
      FATHOM_CHECK(sink(bytes.first(std::min(kPiece, bytes.size()))));
    return {};
  }

  ThreadPool pool_;
  std::vector<std::vector<float>> buffers_;  // one a part
  std::vector<std::byte> bytes_;
};

}  // namespace

Result<ConvertReport> add_tensors(GgufWriter& writer, const std::vector<NamedSource>& sources,
                                  const QuantMix& mix) {
  ModelShape model;
  for (const NamedSource& s : sources)
    model.n_layers = std::max(model.n_layers, layer_of_name(s.name) + 1);

  ConvertReport report;
  for (const NamedSource& s : sources) {
    const DType wanted = wanted_dtype(mix, model, s.name, s.shape);
    const DType dtype = choose_dtype(mix, model, s.name, s.shape);
    FATHOM_CHECK(writer.add_tensor({s.name, dtype, s.shape}));
    if (dtype != wanted)
      report.fallbacks.push_back(
          fmt::format("{}: {} instead of {}", s.name, info(dtype).name, info(wanted).name));
  }
  writer.set("general.file_type", int64_t{mix.file_type});
  writer.set("general.quantization_version", int64_t{2});

  report.n_tensors = sources.size();
  report.size_bytes = writer.size_bytes();
  return report;
}

Result<ConvertReport> write_model(GgufWriter& writer, const std::vector<NamedSource>& sources,
                                  const QuantMix& mix, const std::filesystem::path& out,
                                  const ConvertOptions& options) {
  FATHOM_TRY(report, add_tensors(writer, sources, mix));
  uint64_t done = 0;
  TensorWriter tensors(options);
  FATHOM_CHECK(writer.write(out, [&](size_t i, const GgufWriter::Sink& sink) {
    return tensors.write(sources[i].source, writer.tensors()[i].dtype,
                         [&](std::span<const std::byte> bytes) {
                           done += bytes.size();
                           if (options.progress) options.progress(done, report.size_bytes);
                           return sink(bytes);
                         });
  }));
  return report;
}

}  // namespace fathom::engine
