#include "completion/model_host.h"

#include <array>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace fathom::completion {

std::string_view name_of(Role role) {
  return role == Role::completion ? "completion" : "reasoning";
}

ModelHostConfig host_config(const Config& config) {
  const auto server = [&](const std::string& url, const std::string& model) {
    if (url.empty()) return RemoteServer();
    return RemoteServer{.url = url,
                        .model = model,
                        .token_file = config.remote_token_file,
                        .ca_file = config.remote_ca_file,
                        .client_certificate = config.remote_client_certificate,
                        .client_key = config.remote_client_key,
                        .allow_unencrypted = config.remote_allow_unencrypted};
  };
  // A server that reasons speaks the vocabulary of the one model that there is.
  const bool shares_vocabulary =
      !config.remote_reasoning_url.empty() && config.reasoning_model.empty();
  return {
      .completion = {.model = config.model,
                     .memory_mb = config.memory_mb,
                     .remote = server(config.remote_completion_url, config.remote_model)},
      .reasoning = {.model = shares_vocabulary ? config.model : config.reasoning_model,
                    .memory_mb = config.reasoning_memory_mb,
                    .remote = server(config.remote_reasoning_url, config.remote_reasoning_model)},
      .idle_unload = std::chrono::minutes(config.idle_unload_minutes)};
}

namespace {

/// Where a model may be. One that nobody asks for stays unloaded.
enum class Place { here, server, reasoning_here, reasoning_server };
constexpr Place kPlaces[] = {Place::here, Place::server, Place::reasoning_here,
                             Place::reasoning_server};

Place place_here(const ModelHostConfig& config, Role role) {
  const bool is_shared =
      config.reasoning.model.empty() || config.reasoning.model == config.completion.model;
  return role == Role::completion || is_shared ? Place::here : Place::reasoning_here;
}

/// The reasoning role has its own server, or shares the completion role's where it has no model
/// of its own either.
std::optional<Place> place_of_server(const ModelHostConfig& config, Role role) {
  const RemoteServer& shared = config.completion.remote;
  const ModelSpec& own = config.reasoning;
  if (role == Role::reasoning && !own.remote.url.empty() && own.remote != shared)
    return Place::reasoning_server;
  const bool computes_here =
      role == Role::reasoning && own.remote.url.empty() && !own.model.empty();
  if (shared.url.empty() || computes_here) return std::nullopt;
  return Place::server;
}

ModelSpec spec_at(const ModelHostConfig& config, Place place) {
  const bool is_reasoning = place == Place::reasoning_here || place == Place::reasoning_server;
  ModelSpec spec = is_reasoning ? config.reasoning : config.completion;
  if (place == Place::here || place == Place::reasoning_here) spec.remote = {};
  return spec;
}

/// A person has chosen the model.
ModelHostConfig with_model(ModelHostConfig config, const std::string& model) {
  config.completion.model = model;
  config.completion.remote = {};
  return config;
}

/// Why neither the server nor this machine computes.
std::string both(const std::string& there, const std::string& here) {
  return fmt::format("{}; and on this machine: {}", there, here);
}

}  // namespace

ModelSpec spec_of(const ModelHostConfig& config, Role role, Reach reach) {
  const std::optional<Place> server =
      reach == Reach::servers ? place_of_server(config, role) : std::nullopt;
  return spec_at(config, server.value_or(place_here(config, role)));
}

class ModelHost::Impl final {
 public:
  Impl(const ModelLoader& loader, const ModelHostOptions& options)
      : configured_(options.config),
        config_(options.chosen ? with_model(configured_, *options.chosen) : configured_),
        chosen_(options.chosen) {
    for (const Place place : kPlaces) {
      const auto tell_all = [this, place](const ModelState& state) { tell(place, state); };
      models_[size_t(place)] = std::make_unique<HostedModel>(
          loader,
          HostedModel::Options{.spec = spec_at(config_, place),
                               .idle_unload = options.config.idle_unload,
                               .retry_after = options.retry_after,
                               .threads = options.threads},
          tell_all);
    }
  }

  /// On this machine.
  HostedModel& here(Role role) {
    const std::lock_guard lock(mutex_);
    return *models_[size_t(place_here(config_, role))];
  }

  /// Null: the role has no server.
  HostedModel* server(Role role) {
    const std::lock_guard lock(mutex_);
    const std::optional<Place> place = place_of_server(config_, role);
    return place ? models_[size_t(*place)].get() : nullptr;
  }

  std::shared_ptr<Assistant> get(Role role, Reach reach) {
    HostedModel* remote = reach == Reach::servers ? server(role) : nullptr;
    if (!remote) return here(role).get();
    const bool is_asked = problem_of(remote->state()).empty();
    // One that has failed is tried again in its time, while this machine computes.
    std::shared_ptr<Assistant> assistant = remote->get();
    return is_asked ? assistant : here(role).get();
  }

  std::vector<std::shared_ptr<Assistant>> loaded() {
    std::vector<std::shared_ptr<Assistant>> assistants;
    for (const auto& model : models_)
      if (auto assistant = model->loaded()) assistants.push_back(std::move(assistant));
    return assistants;
  }

  void when_ready(Role role, Reach reach, OnReady on_ready) {
    HostedModel* remote = reach == Reach::servers ? server(role) : nullptr;
    HostedModel& local = here(role);
    if (!remote || !problem_of(remote->state()).empty()) {
      if (remote) remote->get();
      return local.when_ready(std::move(on_ready));
    }
    remote->when_ready([&local, on_ready = std::move(on_ready)](
                           Result<std::shared_ptr<Assistant>> assistant) mutable {
      const bool is_final = assistant || assistant.error().code == ErrorCode::cancelled;
      if (is_final) return on_ready(std::move(assistant));
      local.when_ready([on_ready = std::move(on_ready), remote_error = assistant.error().message](
                           Result<std::shared_ptr<Assistant>> computed) {
        if (!computed && computed.error().code != ErrorCode::cancelled)
          computed.error().message = both(remote_error, computed.error().message);
        on_ready(std::move(computed));
      });
    });
  }

  ModelState state(Role role, Reach reach) {
    HostedModel* remote = reach == Reach::servers ? server(role) : nullptr;
    if (!remote) return here(role).state();
    ModelState asked = remote->state();
    std::string problem = problem_of(asked);
    if (problem.empty()) return asked;
    ModelState state = here(role).state();
    if (state.phase == ModelState::Phase::failed) state.error = both(problem, state.error);
    state.problem = std::move(problem);
    return state;
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
    configured_ = config;
    unchoose();
  }

  void unchoose() {
    const std::lock_guard configuring(configuring_);
    take({.config = configured_, .chosen = {}});
  }

  void choose(const std::string& model, OnReady on_ready) {
    Choice before;
    ModelHostConfig config;
    {
      const std::lock_guard configuring(configuring_);
      before = choice();
      config = with_model(before.config, model);
      take({.config = config, .chosen = model});
    }
    here(Role::completion)
        .when_ready([this, before, config,
                     on_ready = std::move(on_ready)](Result<std::shared_ptr<Assistant>> assistant) {
          // Cancelled: the host goes.
          if (!assistant && assistant.error().code != ErrorCode::cancelled) {
            {
              const std::lock_guard going_back(configuring_);
              if (choice().config == config) take(before);
            }
            here(Role::completion).get();  // who has chosen goes on working: it is needed
          }
          on_ready(std::move(assistant));
        });
  }

  ModelSpec configured() const {
    const std::lock_guard configuring(configuring_);
    return configured_.completion;
  }

  std::optional<std::string> chosen() const { return choice().chosen; }

  void tick(Clock::time_point now) {
    for (const auto& model : models_) model->tick(now);
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
    for (const Place place : kPlaces)
      models_[size_t(place)]->configure(spec_at(choice.config, place), choice.config.idle_unload);
  }

  Choice choice() const {
    const std::lock_guard lock(mutex_);
    return {.config = config_, .chosen = chosen_};
  }

  /// Why a server is not asked for now; "": it is.
  static std::string problem_of(const ModelState& server) {
    return server.error.empty() ? server.problem : server.error;
  }

  /// Tells those whose role the model serves.
  void tell(Place place, const ModelState& state) {
    for (const Role role : kRoles) {
      if (serves(place, role)) tell(role, state);
    }
  }

  bool serves(Place place, Role role) const {
    const std::lock_guard lock(mutex_);
    return place_here(config_, role) == place || place_of_server(config_, role) == place;
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
  mutable std::recursive_mutex configuring_;
  ModelHostConfig configured_;  // what a choice is made from; guarded by configuring_
  mutable std::mutex mutex_;    // guards the next four
  ModelHostConfig config_;
  std::optional<std::string> chosen_;
  std::map<uint64_t, std::shared_ptr<Subscriber>> subscribers_;
  uint64_t last_subscription_ = 0;

  // Last: their threads use the above.
  std::array<std::unique_ptr<HostedModel>, std::size(kPlaces)> models_;
};

ModelHost::ModelHost(ModelLoader loader, const ModelHostOptions& options)
    : impl_(std::make_unique<Impl>(loader, options)) {}
ModelHost::~ModelHost() = default;

std::shared_ptr<Assistant> ModelHost::get(Role role, Reach reach) {
  return impl_->get(role, reach);
}
std::vector<std::shared_ptr<Assistant>> ModelHost::loaded() { return impl_->loaded(); }
void ModelHost::when_ready(Role role, Reach reach, OnReady on_ready) {
  impl_->when_ready(role, reach, std::move(on_ready));
}

ModelState ModelHost::state(Role role, Reach reach) const { return impl_->state(role, reach); }
std::optional<ModelState> ModelHost::server(Role role) const {
  const HostedModel* server = impl_->server(role);
  return server ? std::optional(server->state()) : std::nullopt;
}
std::optional<engine::EngineStatistics> ModelHost::statistics(Role role) const {
  return impl_->here(role).statistics();
}
uint64_t ModelHost::subscribe(OnState on_state) { return impl_->subscribe(std::move(on_state)); }
void ModelHost::unsubscribe(uint64_t subscription) { impl_->unsubscribe(subscription); }
void ModelHost::configure(const ModelHostConfig& config) { impl_->configure(config); }
void ModelHost::choose(const std::string& model, OnReady on_ready) {
  impl_->choose(model, std::move(on_ready));
}
void ModelHost::unchoose() { impl_->unchoose(); }
ModelSpec ModelHost::configured() const { return impl_->configured(); }
std::optional<std::string> ModelHost::chosen() const { return impl_->chosen(); }
void ModelHost::tick(Clock::time_point now) { impl_->tick(now); }

}  // namespace fathom::completion
