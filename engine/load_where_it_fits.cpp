#include "engine/load_where_it_fits.h"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include <fmt/ranges.h>

#include "engine/kv_identity.h"
#include "engine/kv_memory.h"
#include "engine/model.h"
#include "engine/parallel/pipeline_model.h"
#include "engine/parallel/sharded_model.h"
#include "engine/plan/gpu_choice.h"
#include "engine/split/split_backend.h"

namespace fathom::engine {
namespace {

// What a request may use unless more is asked for: beyond this, keys and values of a large model
// take more memory than people expect of an editor's helper.
constexpr int kDefaultContext = 8192;
constexpr uint64_t kDefaultCacheBytes = uint64_t{1} << 30;
// Of host memory, for what a device's cache has no room for any more: some 70,000 tokens of
// DeepSeek-Coder-V2-Lite.
constexpr uint64_t kSpillBytes = uint64_t{2} << 30;
constexpr uint64_t kMegabyte = 1'000'000;

// Rows that a step may have beyond a prefill chunk: decoding jobs and their drafts.
constexpr int kDecodeRows = 16;

// A context in which fathom's prompts still make sense.
constexpr int kMinContext = 1024;

/// Shrinks the KV cache, and if that is not enough the context, to what the limit leaves beside the
/// weights. Errors: out_of_memory.
Status fit_cache(Engine::Limits& limits, const Checkpoint& checkpoint, uint64_t bytes_per_token,
                 uint64_t memory_bytes) {
  if (memory_bytes == 0) return {};
  const uint64_t room = memory_bytes - checkpoint.size_bytes();
  const auto affordable = static_cast<int64_t>(room / std::max<uint64_t>(1, bytes_per_token));
  const int least = std::min(limits.context_tokens, kMinContext);
  if (affordable <= least) {
    return fail(ErrorCode::out_of_memory,
                "{}: needs {} MB with a context of {} tokens, and the limit for this model is {} "
                "MB: raise the limit or take a smaller model",
                checkpoint.source(),
                (checkpoint.size_bytes() + (least + 1) * bytes_per_token) / kMegabyte + 1, least,
                memory_bytes / kMegabyte);
  }
  limits.cache_tokens = static_cast<int>(std::min<int64_t>(limits.cache_tokens, affordable));
  limits.context_tokens = std::min(limits.context_tokens, limits.cache_tokens - 1);
  return {};
}

Engine::Limits limits_for(const EngineOptions& options, const Model& model, int context_length) {
  Engine::Limits limits;
  limits.context_tokens = options.context_tokens > 0
                              ? std::min(options.context_tokens, context_length)
                              : std::min(kDefaultContext, context_length);
  const auto affordable = static_cast<int64_t>(kDefaultCacheBytes /
                                               std::max<uint64_t>(1, cache_bytes_per_token(model)));
  const int64_t wanted = options.cache_tokens > 0
                             ? options.cache_tokens
                             : std::min<int64_t>(2 * limits.context_tokens, affordable);
  // One request always fits, with a slot for a draft.
  limits.cache_tokens = static_cast<int>(std::max<int64_t>(wanted, limits.context_tokens + 1));
  limits.prefill_chunk = model.max_batch() - kDecodeRows;
  limits.speculate = options.speculate;
  return limits;
}

/// Of the routed experts in the file.
uint64_t expert_bytes(const Checkpoint& checkpoint) {
  uint64_t n_bytes = 0;
  for (const TensorInfo& tensor : checkpoint.tensors()) {
    const bool is_experts = tensor.name.find("_exps.") != std::string::npos ||
                            tensor.name.find(".experts.") != std::string::npos;
    if (is_experts) n_bytes += tensor.bytes.size();
  }
  return n_bytes;
}

/// A guess of what a model needs on a GPU besides its weights: KV cache, scratch, the driver.
constexpr uint64_t kGpuReserveBytes = uint64_t{2} << 30;

using Backends = std::vector<std::unique_ptr<Backend>>;
using LoadModel = std::function<Result<std::unique_ptr<Model>>(const ModelOptions&)>;

bool is_device_error(const Result<LoadedEngine>& loaded) {
  return !loaded && (loaded.error().code == ErrorCode::out_of_memory ||
                     loaded.error().code == ErrorCode::device_lost);
}

int largest(std::span<const GpuMemory> gpus) {
  return static_cast<int>(std::ranges::max_element(gpus, {}, &GpuMemory::free_bytes) -
                          gpus.begin());
}

/// The best of those that need no GPU; the last one is always there.
std::string processor_backend() {
  std::string name;
  for (const std::string& available : available_backends())
    if (name.empty() && available != "cuda") name = available;
  return name;
}

/// Tries places for one model.
class Loader final {
 public:
  Loader(const std::shared_ptr<const Checkpoint>& checkpoint, const EngineOptions& options,
         int context_length, const Gpus& gpus, Log& log)
      : checkpoint_(checkpoint),
        options_(options),
        context_length_(context_length),
        gpus_(gpus),
        log_(log) {}

  Result<LoadedEngine> on_one(Result<std::unique_ptr<Backend>> made) const;
  /// On the GPUs of `found`, as few as will do. Errors: also out_of_memory (all of them are too
  /// small).
  Result<LoadedEngine> on_gpus(std::span<const GpuMemory> found) const;
  Result<LoadedEngine> on_gpu_and_processor(std::span<const GpuMemory> found,
                                            const BackendOptions& how) const;

 private:
  Result<LoadedEngine> on_several(const ModelParts& parts, const GpuRoom& room,
                                  std::span<const GpuMemory> found) const;
  Result<LoadedEngine> shared(std::span<const int> gpus, std::span<const GpuMemory> found) const;
  Result<LoadedEngine> in_turns(std::span<const GpuLayers> stages,
                                std::span<const GpuMemory> found) const;
  Result<LoadedEngine> finish(Backends backends, const LoadModel& load_model) const;
  Result<Backends> make_backends(std::span<const int> gpus) const;
  std::optional<KvFolder> disk_cache_for(const Backend& backend, const Model& model) const;

  const std::shared_ptr<const Checkpoint>& checkpoint_;
  const EngineOptions& options_;
  const int context_length_;
  const Gpus& gpus_;
  Log& log_;
};

/// "2 x NVIDIA H200", or one name after another.
std::string describe(const Backends& backends) {
  std::vector<std::string> names;
  for (const auto& backend : backends) names.push_back(backend->description());
  if (names.size() == 1) return names.front();
  if (std::ranges::count(names, names.front()) == std::ssize(names))
    return fmt::format("{} x {}", names.size(), names.front());
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Nothing: prompts are not kept on disk.
std::optional<KvFolder> Loader::disk_cache_for(const Backend& backend, const Model& model) const {
  if (options_.disk_cache_bytes == 0 || options_.disk_cache.empty()) return std::nullopt;
  Result<std::string> identity = kv_identity(*checkpoint_, backend, model);
  if (!identity) {
    log_.warning("prompts are not kept for later: {}", identity.error().message);
    return std::nullopt;
  }
  return KvFolder{options_.disk_cache, options_.disk_cache_bytes, std::move(*identity), &log_};
}

Result<LoadedEngine> Loader::finish(Backends backends, const LoadModel& load) const {
  Backend& first = *backends.front();
  const int chunk = options_.prefill_chunk > 0 ? options_.prefill_chunk : first.prefill_rows();
  FATHOM_TRY(model, load({.max_batch = chunk + kDecodeRows,
                          .cache_type = options_.cache_type.value_or(
                              default_cache_type(checkpoint_->size_bytes())),
                          .watch = options_.watch}));
  // The last tensor may have changed while it was read, and then its bytes mean nothing.
  for (const MappedFile& file : checkpoint_->files())
    if (!file.is_intact())
      return fail(ErrorCode::io, "{}: was changed while it was loaded; try again when it is whole",
                  file.path().string());
  Engine::Limits limits = limits_for(options_, *model, context_length_);
  FATHOM_CHECK(
      fit_cache(limits, *checkpoint_, cache_bytes_per_token(*model), options_.memory_bytes));
  // A limit is one for all memory.
  if (!first.has_host_memory() && options_.memory_bytes == 0) limits.spill_bytes = kSpillBytes;
  limits.spill_folder = disk_cache_for(first, *model);
  FATHOM_TRY(engine, Engine::create(std::move(model), first, limits, options_.trace));
  std::string device = describe(backends);
  return LoadedEngine{std::move(backends), std::move(engine), limits, std::move(device)};
}

Result<LoadedEngine> Loader::on_one(Result<std::unique_ptr<Backend>> made) const {
  FATHOM_TRY(backend, std::move(made));
  Backend& only = *backend;
  Backends backends;
  backends.push_back(std::move(backend));
  return finish(std::move(backends), [&](const ModelOptions& model_options) {
    return load_model(checkpoint_, only, model_options);
  });
}

Result<Backends> Loader::make_backends(std::span<const int> gpus) const {
  Backends backends;
  for (const int gpu : gpus) {
    FATHOM_TRY(backend, gpus_.make_backend(gpu));
    backends.push_back(std::move(backend));
  }
  return backends;
}

Result<LoadedEngine> Loader::shared(std::span<const int> gpus,
                                    std::span<const GpuMemory> found) const {
  FATHOM_TRY(backends, make_backends(gpus));
  std::vector<Backend*> borrowed;
  for (const auto& backend : backends) borrowed.push_back(backend.get());
  FATHOM_TRY(communicators, gpus_.join(borrowed));
  log_.info("sharing each layer among {} GPUs, of which none has room for all: {}", gpus.size(),
            found[gpus.front()].name);
  std::vector<RankDevice> devices;
  for (size_t i = 0; i < borrowed.size(); ++i)
    devices.push_back({borrowed[i], std::move(communicators[i])});
  return finish(std::move(backends), [&](const ModelOptions& model_options) {
    return load_sharded_model(checkpoint_, std::move(devices), model_options);
  });
}

Result<LoadedEngine> Loader::in_turns(std::span<const GpuLayers> chosen,
                                      std::span<const GpuMemory> found) const {
  std::vector<int> gpus;
  std::vector<std::string> parts;
  for (const auto& [gpu, layers] : chosen) {
    gpus.push_back(gpu);
    parts.push_back(
        fmt::format("layers {} to {} on {}", layers.begin, layers.end - 1, found[gpu].name));
  }
  FATHOM_TRY(backends, make_backends(gpus));
  log_.info("no GPU has room for all layers: {}", fmt::join(parts, ", "));
  std::vector<Stage> stages;
  for (size_t i = 0; i < chosen.size(); ++i)
    stages.push_back({backends[i].get(), chosen[i].layers});
  return finish(std::move(backends), [&](const ModelOptions& model_options) {
    return load_pipeline_model(checkpoint_, stages, model_options);
  });
}

Result<LoadedEngine> Loader::on_several(const ModelParts& parts, const GpuRoom& room,
                                        std::span<const GpuMemory> found) const {
  if (const std::vector<int> gpus = gpus_to_share(parts, room); !gpus.empty()) {
    auto loaded = shared(gpus, found);
    if (loaded || (!is_device_error(loaded) && loaded.error().code != ErrorCode::unsupported))
      return loaded;
    log_.warning("GPUs cannot share layers: {}", loaded.error().message);
  }
  if (const std::vector<GpuLayers> stages = gpus_in_turns(parts, room); !stages.empty())
    return in_turns(stages, found);
  return fail(ErrorCode::out_of_memory, "{}: {} GPUs together have no room for it",
              checkpoint_->source(), found.size());
}

Result<LoadedEngine> Loader::on_gpus(std::span<const GpuMemory> found) const {
  const auto parts = read_model_parts(*checkpoint_);
  if (found.size() == 1 || !parts) return on_one(gpus_.make_backend(largest(found)));

  std::vector<uint64_t> room;
  for (const GpuMemory& gpu : found)
    room.push_back(gpu.free_bytes - std::min(gpu.free_bytes, kGpuReserveBytes));
  const GpuRoom all = {room, options_.context_tokens > 0
                                 ? std::min(options_.context_tokens, context_length_)
                                 : std::min(kDefaultContext, context_length_)};
  const std::optional<int> one = gpu_for(*parts, all);
  if (!one) return on_several(*parts, all, found);
  auto loaded = on_one(gpus_.make_backend(*one));
  if (!is_device_error(loaded)) return loaded;
  log_.warning("taking several GPUs: {}", loaded.error().message);
  return on_several(*parts, all, found);
}

Result<LoadedEngine> Loader::on_gpu_and_processor(std::span<const GpuMemory> found,
                                                  const BackendOptions& how) const {
  const int best = largest(found);
  FATHOM_TRY(gpu, gpus_.make_backend(best));
  FATHOM_TRY(processor, make_backend("cpu", how));
  const uint64_t experts = expert_bytes(*checkpoint_);
  const uint64_t others = checkpoint_->size_bytes() - experts + kGpuReserveBytes;
  return on_one(
      make_split_backend(std::move(gpu), std::move(processor),
                         {.device = found[best].free_bytes, .others = others, .experts = experts}));
}

}  // namespace

Result<LoadedEngine> load_where_it_fits(const std::shared_ptr<const Checkpoint>& checkpoint,
                                        const EngineOptions& options, int context_length, Log& log,
                                        const Gpus& gpus) {
  const Loader loader(checkpoint, options, context_length, gpus, log);
  const BackendOptions how = {.n_threads = options.n_threads, .pack_first = options.pack_first};
  const bool is_auto = options.backend == "auto";
  const auto found = is_auto || options.backend == "cuda" ? gpus.find() : std::vector<GpuMemory>();
  if (found.empty()) return loader.on_one(make_backend(options.backend, how));

  auto loaded = loader.on_gpus(found);
  if (!is_auto || !is_device_error(loaded)) return loaded;
  if (expert_bytes(*checkpoint) > 0) {
    log.warning("computing some experts on the processor: {}", loaded.error().message);
    loaded = loader.on_gpu_and_processor(found, how);
    if (!is_device_error(loaded)) return loaded;
  }
  log.warning("computing on the processor: {}", loaded.error().message);
  return loader.on_one(make_backend(processor_backend(), how));
}

}  // namespace fathom::engine
