#include "completion/hosted_model.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/system.h"

namespace fathom::completion {
namespace {

using namespace std::chrono_literals;

constexpr auto kProgressEvery = 100ms;
constexpr auto kFileLookEvery = 1min;
// Who holds a model that is to go does so for a call or two.
constexpr auto kRetiredLookEvery = 20ms;

/// A library that throws while a model is loaded costs that model, not the process.
Result<LoadedModel> load_guarded(const ModelLoader& loader, const LoadOrder& order) {
  try {
    return loader(order);
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::out_of_memory,
                "there is not enough memory to load the model; close other programs, or take a "
                "smaller model");
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, "{}", error.what());
  }
}

}  // namespace

std::string_view name_of(ModelState::Phase phase) {
  switch (phase) {
    case ModelState::Phase::unloaded:
      return "unloaded";
    case ModelState::Phase::loading:
      return "loading";
    case ModelState::Phase::ready:
      return "ready";
    case ModelState::Phase::failed:
      return "failed";
  }
  return "";
}

HostedModel::HostedModel(ModelLoader loader, Options options, OnState on_state)
    : loader_(std::move(loader)),
      on_state_(std::move(on_state)),
      retry_after_(options.retry_after),
      threads_(options.threads),
      spec_(std::move(options.spec)),
      idle_unload_(options.idle_unload),
      state_(state_of_spec(ModelState::Phase::unloaded)) {
  if (threads_) thread_ = std::jthread([this] { run(); });
}

HostedModel::~HostedModel() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancel_load_.cancel();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const OnReady& waiting : waiting_) waiting(fail(ErrorCode::cancelled, "fathom is stopping"));
}

std::shared_ptr<Assistant> HostedModel::get() {
  Lock lock(mutex_);
  last_use_ = Clock::now();
  if (is_lost()) retire();
  if (!loaded_) ask_for_load(lock);
  return loaded_ ? loaded_->assistant : nullptr;
}

std::shared_ptr<Assistant> HostedModel::loaded() {
  const std::lock_guard lock(mutex_);
  return loaded_ ? loaded_->assistant : nullptr;
}

void HostedModel::when_ready(OnReady on_ready) {
  Lock lock(mutex_);
  last_use_ = Clock::now();
  waiting_.push_back(std::move(on_ready));
  if (is_lost()) retire();
  if (!loaded_) ask_for_load(lock);
  if (waiting_.empty() || state_.phase == ModelState::Phase::loading) return;

  // There is an answer already, for this one: nobody waits outside of a load.
  on_ready = std::move(waiting_.back());
  waiting_.pop_back();
  Result<std::shared_ptr<Assistant>> answer = fail(ErrorCode::internal, "{}", state_.error);
  if (loaded_) answer = loaded_->assistant;
  lock.unlock();
  on_ready(std::move(answer));
}

ModelState HostedModel::state() const {
  const std::lock_guard lock(mutex_);
  return state_now();
}

std::optional<engine::EngineStatistics> HostedModel::statistics() const {
  const std::lock_guard lock(mutex_);
  if (!loaded_ || !loaded_->statistics) return std::nullopt;
  return loaded_->statistics();
}

void HostedModel::configure(const ModelSpec& spec, std::chrono::milliseconds idle_unload) {
  Lock lock(mutex_);
  idle_unload_ = idle_unload;
  if (spec != spec_) {
    spec_ = spec;
    cancel_load_.cancel();
    if (state_.phase != ModelState::Phase::loading) retire();
    state_.model = spec.model;
    state_.server = origin_of(spec.remote);
    untold_ = true;
  }
  if (threads_) {
    wake_.notify_all();
  } else {
    work(lock, Clock::now());
  }
}

void HostedModel::tick(Clock::time_point now) {
  Lock lock(mutex_);
  work(lock, now);
}

void HostedModel::run() {
  Lock lock(mutex_);
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    work(lock, now);
    if (stopping_ || untold_ || state_.phase == ModelState::Phase::loading) continue;
    wake_.wait_until(lock, next_look(now));
  }
}

/// Does what is due.
void HostedModel::work(Lock& lock, Clock::time_point now) {
  if (std::exchange(working_, true)) return;  // called from a callback: the loop below sees to it
  while (!stopping_) {
    if (drop_retired(lock)) continue;  // first: who is told of it finds the memory free
    if (untold_) {
      tell(lock);
    } else if (state_.phase == ModelState::Phase::loading) {
      load(lock);
    } else if (is_idle(now)) {
      retire();
    } else {
      break;
    }
  }
  look_at_file(lock, now);
  working_ = false;
}

HostedModel::Clock::time_point HostedModel::next_look(Clock::time_point now) const {
  Clock::time_point next = now + 24h;
  if (!retired_.empty()) next = std::min(next, now + kRetiredLookEvery);
  if (!loaded_) return next;
  if (loaded_->file_changed && !state_.file_changed) next = std::min(next, next_file_look_);
  if (idle_unload_ > 0ms) next = std::min(next, last_use_ + idle_unload_);
  return next;
}

void HostedModel::ask_for_load(Lock& lock) {
  if (state_.phase == ModelState::Phase::loading) return;
  const bool failed = state_.phase == ModelState::Phase::failed;
  if (failed && Clock::now() < failed_ + retry_after_) return;
  std::string error = std::move(state_.error);
  state_ = state_of_spec(ModelState::Phase::loading);
  state_.error = std::move(error);
  untold_ = true;
  if (threads_) {
    wake_.notify_all();
  } else {
    work(lock, Clock::now());
  }
}

void HostedModel::load(Lock& lock) {
  cancel_load_ = {};
  const LoadOrder order = {.spec = spec_,
                           .cancel = cancel_load_.token(),
                           .on_progress = [this](double progress) { on_progress(progress); },
                           .on_problem = [this] { on_problem(); }};
  lock.unlock();
  Result<LoadedModel> loaded = load_guarded(loader_, order);
  lock.lock();
  if (stopping_) return;
  if (spec_ != order.spec) {  // configured otherwise meanwhile
    state_ =
        state_of_spec(waiting_.empty() ? ModelState::Phase::unloaded : ModelState::Phase::loading);
    untold_ = true;
    if (loaded) retired_.push_back(*std::move(loaded));
    return;
  }

  last_use_ = Clock::now();
  next_file_look_ = last_use_ + kFileLookEvery;
  Result<std::shared_ptr<Assistant>> answer;
  if (loaded) {
    state_ = state_of_spec(ModelState::Phase::ready);
    state_.info = loaded->info;
    answer = loaded->assistant;
    loaded_ = *std::move(loaded);
  } else {
    failed_ = last_use_;
    state_ = state_of_spec(ModelState::Phase::failed);
    state_.error = loaded.error().message;
    answer = tl::unexpected(std::move(loaded.error()));
  }
  untold_ = true;
  tell(lock);
  const std::vector<OnReady> waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (const OnReady& on_ready : waiting) on_ready(answer);
  answer = nullptr;
  lock.lock();
}

/// On the thread that loads.
void HostedModel::on_progress(double progress) {
  Lock lock(mutex_);
  state_.progress = std::clamp(progress, state_.progress, 1.0);
  const Clock::time_point now = Clock::now();
  if (now < next_progress_) return;
  next_progress_ = now + kProgressEvery;
  tell(lock);
}

/// On a thread of the model that is there.
void HostedModel::on_problem() {
  const std::lock_guard lock(mutex_);
  untold_ = true;
  wake_.notify_all();
}

ModelState HostedModel::state_now() const {
  ModelState state = state_;
  if (loaded_ && loaded_->problem) state.problem = loaded_->problem();
  return state;
}

ModelState HostedModel::state_of_spec(ModelState::Phase phase) const {
  return {.phase = phase, .model = spec_.model, .server = origin_of(spec_.remote)};
}

/// Gives up the model; drop_retired() frees it.
void HostedModel::retire() {
  if (loaded_) retired_.push_back(*std::exchange(loaded_, std::nullopt));
  state_ = state_of_spec(ModelState::Phase::unloaded);
  untold_ = true;
}

/// What is loaded can compute nothing any more: whoever comes next finds it loaded anew.
bool HostedModel::is_lost() const {
  return loaded_ && loaded_->statistics && loaded_->statistics().is_lost;
}

bool HostedModel::is_idle(Clock::time_point now) {
  if (!loaded_ || idle_unload_ == 0ms || now < last_use_ + idle_unload_) return false;
  const bool is_used = loaded_->assistant.use_count() > 1 || loaded_->assistant->busy();
  if (is_used) last_use_ = now;
  return !is_used;
}

/// True if something was freed.
bool HostedModel::drop_retired(Lock& lock) {
  const auto unheld = std::stable_partition(
      retired_.begin(), retired_.end(),
      [](const LoadedModel& model) { return model.assistant.use_count() > 1; });
  if (unheld == retired_.end()) return false;
  std::vector<LoadedModel> dropped(std::make_move_iterator(unheld),
                                   std::make_move_iterator(retired_.end()));
  retired_.erase(unheld, retired_.end());
  lock.unlock();
  dropped.clear();
  release_free_memory();
  lock.lock();
  return true;
}

void HostedModel::look_at_file(Lock& lock, Clock::time_point now) {
  if (!loaded_ || !loaded_->file_changed || state_.file_changed || now < next_file_look_) return;
  next_file_look_ = now + kFileLookEvery;
  const auto file_changed = loaded_->file_changed;
  const auto* looked_at = loaded_->assistant.get();
  lock.unlock();
  const bool changed = file_changed();
  lock.lock();
  if (!changed || !loaded_ || loaded_->assistant.get() != looked_at) return;
  state_.file_changed = true;
  tell(lock);
}

void HostedModel::tell(Lock& lock) {
  untold_ = false;
  const ModelState state = state_now();
  lock.unlock();
  on_state_(state);
  lock.lock();
}

}  // namespace fathom::completion
