// Models that ranks in threads of the test share, on backends that a test chooses.

#pragma once

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "engine/parallel/sharded_model.h"
#include "engine/parallel/thread_communicator.h"
#include "tests/support/model_runner.h"

namespace fathom::engine {

using Backends = std::vector<std::unique_ptr<Backend>>;

/// n_ranks times T(arguments).
template <class T, class... Arguments>
Backends backends_of(int n_ranks, const Arguments&... arguments) {
  Backends backends;
  for (int i = 0; i < n_ranks; ++i) backends.push_back(std::make_unique<T>(arguments...));
  return backends;
}

struct ShardedModels {
  Backends others;     // of all ranks but the first; the model goes before they do
  LoadedModel loaded;  // with the first rank's backend
};

/// A rank for each backend. Errors: those of Checkpoint::open and load_sharded_model.
inline Result<ShardedModels> load_sharded(
    const std::filesystem::path& path, Backends backends, const ModelOptions& options,
    std::vector<std::unique_ptr<Communicator>> communicators) {
  FATHOM_TRY(checkpoint, Checkpoint::open(path));
  std::vector<RankDevice> devices;
  for (size_t i = 0; i < backends.size(); ++i)
    devices.push_back({backends[i].get(), std::move(communicators[i])});
  FATHOM_TRY(model, load_sharded_model(checkpoint, std::move(devices), options));
  std::unique_ptr<Backend> first = std::move(backends.front());
  backends.erase(backends.begin());
  return ShardedModels{std::move(backends), {std::move(first), std::move(model)}};
}

inline Result<ShardedModels> load_sharded(const std::filesystem::path& path, Backends backends,
                                          const ModelOptions& options) {
  auto communicators = make_thread_communicators(static_cast<int>(backends.size()));
  return load_sharded(path, std::move(backends), options, std::move(communicators));
}

}  // namespace fathom::engine
