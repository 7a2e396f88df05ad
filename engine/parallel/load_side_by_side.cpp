#include "engine/parallel/load_side_by_side.h"

#include <thread>
#include <utility>

namespace fathom::engine {

Result<std::vector<std::unique_ptr<Model>>> load_side_by_side(
    size_t n, const ModelOptions& options,
    const std::function<Result<std::unique_ptr<Model>>(size_t, const ModelOptions&)>& load) {
  std::vector<Result<std::unique_ptr<Model>>> loaded(n);
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < n; ++i) {
      threads.emplace_back([i, &options, &load, &part = loaded[i]] {
        ModelOptions own = options;
        if (i > 0) own.watch.on_progress = nullptr;
        part = load(i, own);
      });
    }
  }
  std::vector<std::unique_ptr<Model>> models;
  for (Result<std::unique_ptr<Model>>& part : loaded) {
    FATHOM_TRY(model, std::move(part));
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace fathom::engine
