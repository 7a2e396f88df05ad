#include "engine/cpu/pack_later.h"

#include <algorithm>

namespace fathom::engine::cpu {
namespace {

/// Panels that are made before the thread looks whether it is to stop: some megabytes.
constexpr int64_t kPanelsAtOnce = 64;

}  // namespace

PackLater::~PackLater() {
  thread_.request_stop();
  queue_.close();
}

void PackLater::add(const std::shared_ptr<PanelStore>& store) {
  waiting_.push_back(store);
  queue_.push(store);
}

Status PackLater::after_step() {
  if (waiting_.empty()) return {};
  const MappedFile* seen = nullptr;  // neighbours lie in the same file
  for (const std::weak_ptr<PanelStore>& weak : waiting_) {
    const std::shared_ptr<PanelStore> store = weak.lock();
    if (!store || store->file() == seen) continue;
    seen = store->file();
    if (!seen->is_intact())
      return fail(ErrorCode::io, "{}: was changed while it was in use; load the model again",
                  seen->path().string());
  }
  std::erase_if(waiting_, [](const std::weak_ptr<PanelStore>& weak) {
    const std::shared_ptr<PanelStore> store = weak.lock();
    if (store && store->panels() == nullptr) return false;
    if (store) store->drop_source();
    return true;
  });
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& s) { work(s); });
  return {};
}

void PackLater::work(const std::stop_token& stop) {
  while (auto next = queue_.pop()) {
    const std::shared_ptr<PanelStore> store = next->lock();
    if (!store) continue;
    if (!store->reserve()) return;  // the rest is read from the file, as long as it takes
    for (int64_t i = 0; i < store->n_panels(); i += kPanelsAtOnce) {
      if (stop.stop_requested()) return;
      store->write_panels(i, std::min(i + kPanelsAtOnce, store->n_panels()));
    }
    if (!store->file()->is_intact()) return;  // after_step() says so
    store->release_pages();
    store->publish();  // from here on after_step() may drop the file
  }
}

}  // namespace fathom::engine::cpu
