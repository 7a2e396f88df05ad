#include "completion/model_host.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace fathom::completion {

std::string_view name_of(Role role) {
  return role == Role::completion ? "completion" : "reasoning";
}

RemoteServer remote_server(const Config& config, Role role) {
  const bool has_own = !config.remote_reasoning_url.empty();
  if (role == Role::reasoning && !has_own && !config.reasoning_model.empty()) return {};
  const bool is_own = role == Role::reasoning && has_own;
  return {.url = is_own ? config.remote_reasoning_url : config.remote_completion_url,
          .model = is_own ? config.remote_reasoning_model : config.remote_model,
          .token_file = config.remote_token_file,
          .ca_file = config.remote_ca_file,
          .client_certificate = config.remote_client_certificate,
          .client_key = config.remote_client_key,
          .allow_unencrypted = config.remote_allow_unencrypted};
}

ModelHostConfig host_config(const Config& config) {
  const bool has_own = !config.remote_reasoning_url.empty();
  const bool shares_vocabulary = has_own && config.reasoning_model.empty();
  return {
      .completion = {.model = config.model,
                     .memory_mb = config.memory_mb,
                     .remote = remote_server(config, Role::completion)},
      .reasoning = {.model = shares_vocabulary ? config.model : config.reasoning_model,
                    .memory_mb = config.reasoning_memory_mb,
                    .remote = has_own ? remote_server(config, Role::reasoning) : RemoteServer()},
      .idle_unload = std::chrono::minutes(config.idle_unload_minutes)};
}

class ModelHost::Impl final {
 public:
  Impl(const ModelLoader& loader, const ModelHostOptions& options)
      : config_(options.config),
        completion_(loader, options_for(options, config_.completion),
                    [this](const ModelState& state) { tell_of_completion(state); }),
        reasoning_(loader, options_for(options, own_reasoning(config_)),
                   [this](const ModelState& state) { tell_of_reasoning(state); }) {}

  HostedModel& model(Role role) {
    const std::lock_guard lock(mutex_);
    return role == Role::completion || is_shared(config_) ? completion_ : reasoning_;
  }

  uint64_t subscribe(OnState on_state) {
    const std::lock_guard lock(mutex_);
    subscribers_.emplace(++last_subscription_, std::make_shared<Subscriber>(std::move(on_state)));
    return last_subscription_;
  }

  void unsubscribe(uint64_t subscription) {
    std::shared_ptr<Subscriber> subscriber;
    {
      const std::lock_guard lock(mutex_);
      const auto found = subscribers_.find(subscription);
      if (found == subscribers_.end()) return;
      subscriber = std::move(found->second);
      subscribers_.erase(found);
    }
    subscriber->leave();
  }

  void configure(const ModelHostConfig& config) {
    const std::lock_guard configuring(configuring_);
    take({.config = config, .chosen = {}});
  }

  void choose(const std::string& model, OnReady on_ready) {
    Choice before;
    ModelHostConfig config;
    {
      const std::lock_guard configuring(configuring_);
      before = choice();
      config = before.config;
      config.completion.model = model;
      take({.config = config, .chosen = model});
    }
    completion_.when_ready([this, before, config, on_ready = std::move(on_ready)](
                               Result<std::shared_ptr<Assistant>> assistant) {
      // Cancelled: the host goes.
      if (!assistant && assistant.error().code != ErrorCode::cancelled) {
        {
          const std::lock_guard going_back(configuring_);
          if (choice().config == config) take(before);
        }
        completion_.get();  // who has just chosen goes on working: the one before is needed
      }
      on_ready(std::move(assistant));
    });
  }

  std::optional<std::string> chosen() const { return choice().chosen; }

  void tick(Clock::time_point now) {
    completion_.tick(now);
    reasoning_.tick(now);
  }

 private:
  /// One who listens; until leave() has returned.
  class Subscriber final {
   public:
    explicit Subscriber(OnState on_state) : on_state_(std::move(on_state)) {}

    void tell(Role role, const ModelState& state) {
      const std::lock_guard lock(mutex_);
      if (!has_left_) on_state_(role, state);
    }
    void leave() {
      const std::lock_guard lock(mutex_);
      has_left_ = true;
    }

   private:
    std::recursive_mutex mutex_;  // one may leave from inside its own call
    const OnState on_state_;
    bool has_left_ = false;  // guarded by mutex_
  };

  struct Choice {
    ModelHostConfig config;
    std::optional<std::string> chosen;
  };

  void take(const Choice& choice) {
    {
      const std::lock_guard lock(mutex_);
      config_ = choice.config;
      chosen_ = choice.chosen;
    }
    completion_.configure(choice.config.completion, choice.config.idle_unload);
    reasoning_.configure(own_reasoning(choice.config), choice.config.idle_unload);
  }

  Choice choice() const {
    const std::lock_guard lock(mutex_);
    return {.config = config_, .chosen = chosen_};
  }

  static bool is_shared(const ModelHostConfig& config) {
    const ModelSpec& own = config.reasoning;
    if (!own.remote.url.empty()) return own.remote == config.completion.remote;
    return own.model.empty() || own.model == config.completion.model;
  }

  /// What the second model would load; where it is shared nobody asks it to.
  static const ModelSpec& own_reasoning(const ModelHostConfig& config) {
    return is_shared(config) ? config.completion : config.reasoning;
  }

  static HostedModel::Options options_for(const ModelHostOptions& options, const ModelSpec& spec) {
    return {.spec = spec,
            .idle_unload = options.config.idle_unload,
            .retry_after = options.retry_after,
            .threads = options.threads};
  }

  void tell_of_completion(const ModelState& state) {
    tell(Role::completion, state);
    if (shares_reasoning()) tell(Role::reasoning, state);
  }

  void tell_of_reasoning(const ModelState& state) {
    if (!shares_reasoning()) tell(Role::reasoning, state);
  }

  bool shares_reasoning() const {
    const std::lock_guard lock(mutex_);
    return is_shared(config_);
  }

  void tell(Role role, const ModelState& state) {
    std::vector<std::shared_ptr<Subscriber>> subscribers;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, subscriber] : subscribers_) subscribers.push_back(subscriber);
    }
    for (const auto& subscriber : subscribers) subscriber->tell(role, state);
  }

  // Held while a configuration is taken; a model that is loaded inside of that may call back.
  std::recursive_mutex configuring_;
  mutable std::mutex mutex_;  // guards the next four
  ModelHostConfig config_;
  std::optional<std::string> chosen_;
  std::map<uint64_t, std::shared_ptr<Subscriber>> subscribers_;
  uint64_t last_subscription_ = 0;

  // Last: their threads use the above.
  HostedModel completion_;
  HostedModel reasoning_;
};

ModelHost::ModelHost(ModelLoader loader, const ModelHostOptions& options)
    : impl_(std::make_unique<Impl>(loader, options)) {}
ModelHost::~ModelHost() = default;

std::shared_ptr<Assistant> ModelHost::get(Role role) { return impl_->model(role).get(); }

void ModelHost::when_ready(Role role, OnReady on_ready) {
  impl_->model(role).when_ready(std::move(on_ready));
}

ModelState ModelHost::state(Role role) const { return impl_->model(role).state(); }
std::optional<engine::EngineStatistics> ModelHost::statistics(Role role) const {
  return impl_->model(role).statistics();
}
uint64_t ModelHost::subscribe(OnState on_state) { return impl_->subscribe(std::move(on_state)); }
void ModelHost::unsubscribe(uint64_t subscription) { impl_->unsubscribe(subscription); }
void ModelHost::configure(const ModelHostConfig& config) { impl_->configure(config); }
void ModelHost::choose(const std::string& model, OnReady on_ready) {
  impl_->choose(model, std::move(on_ready));
}
std::optional<std::string> ModelHost::chosen() const { return impl_->chosen(); }
void ModelHost::tick(Clock::time_point now) { impl_->tick(now); }

}  // namespace fathom::completion
