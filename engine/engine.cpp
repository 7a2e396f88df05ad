#include "engine/engine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "engine/kv_runs_in_memory.h"

namespace fathom::engine {
namespace {

// Sequences of one step. More would make each of them slower for the sake of throughput, which one
// person at a keyboard does not notice.
constexpr int kMaxSequences = 8;
constexpr int kMaxLogitRows = StepCosts::kMaxRows;
static_assert(kMaxLogitRows >= kMaxSequences && kMaxLogitRows <= Batch::kMaxTops);

// A job stops running the model's draft layer when, after this many drafts, fewer than one in three
// was right: a draft costs about a third of the step that it saves.
constexpr int kDraftTrial = 24;

// Of generated texts, as material for drafts.
constexpr int kRecentTokens = 4096;

/// Of what a token reads: a row beside another one needs experts of its own.
double share_of_experts(const ModelSize& size) {
  if (size.bytes_per_token == 0) return 0;
  return double(size.expert_bytes_per_token) / double(size.bytes_per_token);
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

/// A job, its cache rows, and its place in the current batch.
struct Engine::Running {
  std::unique_ptr<Job> job;
  PrefixTree::Lease lease;
  bool admitted = false;       // holds a lease
  int n_computed = 0;          // positions whose keys and values are in the cache
  std::optional<Error> error;  // ended without a result

  std::optional<TokenId> model_draft;  // the draft layer's guess at the token after the last one
  int n_model_drafts = 0;
  int n_right_model_drafts = 0;

  std::array<TokenId, DraftPolicy::kMaxDraft> drafts{};  // guesses at the tokens after the last one
  Guess guess;                                           // where they come from, if from a text

  int first_row = 0;
  int n_rows = 0;
  int first_logit = -1;  // -1: none of its rows needs logits
  int n_drafts = 0;      // of its rows, the last ones
  int last_logit = 0;    // of the last row that turned out right

  int n_tokens() const { return static_cast<int>(job->tokens().size()); }
  int n_pending() const { return n_tokens() - n_computed; }
  bool model_drafts_pay() const {
    return n_model_drafts < kDraftTrial || 3 * n_right_model_drafts >= n_model_drafts;
  }
  double odds_of_model_draft() const {
    return (n_right_model_drafts + 1.0) / (n_model_drafts + 2.0);
  }
  bool ended() const { return error.has_value() || job->finished(); }
};

/// Stops a step that nobody waits for, or that makes someone more urgent wait.
class Engine::StepControl final : public Interrupt {
 public:
  StepControl(const Engine& engine, Priority urgency) : engine_(engine), urgency_(urgency) {}

  bool requested() const override {
    if (engine_.stopping_) return true;
    if (engine_.announced_ < static_cast<int>(urgency_)) return true;
    return std::all_of(engine_.members_.begin(), engine_.members_.end(),
                       [](const Running* member) { return member->job->cancelled(); });
  }

 private:
  const Engine& engine_;
  Priority urgency_;
};

Engine::Engine(std::unique_ptr<Model> model, Backend& backend, const Limits& limits,
               std::shared_ptr<Trace> trace)
    : backend_(backend),
      model_(std::move(model)),
      limits_(limits),
      trace_(std::move(trace)),
      prefixes_(limits.cache_tokens,
                [this](auto prefix, auto slots) {
                  if (spill_) spill_->keep(prefix, slots);
                }),
      recent_(limits.speculate ? kRecentTokens : 0),
      policy_(share_of_experts(model_->size())) {
  if (!limits_.clock) limits_.clock = now;
  const size_t max_rows = model_->max_batch();
  members_.reserve(kMaxSequences);
  batch_sequences_.reserve(kMaxSequences);
  batch_logit_rows_.reserve(kMaxLogitRows);
  batch_tokens_.reserve(max_rows);
  batch_positions_.reserve(max_rows);
  batch_slots_.reserve(max_rows);
  batch_next_.reserve(max_rows);
  tops_.reserve(kMaxLogitRows);
  all_logits_.resize(model_->size().vocab_size);
}

Engine::~Engine() {
  cancel_all();
  if (!spill_ || !spill_->is_lasting() || statistics_.is_lost) return;
  prefixes_.for_each_leaf([this](auto prefix, auto slots) { spill_->keep(prefix, slots); });
}

Result<std::unique_ptr<Engine>> Engine::create(std::unique_ptr<Model> model, Backend& backend,
                                               const Limits& limits, std::shared_ptr<Trace> trace) {
  std::unique_ptr<Engine> engine(new Engine(std::move(model), backend, limits, std::move(trace)));
  FATHOM_TRY(memory, KvMemory::allocate(*engine->model_, backend, limits.cache_tokens));
  engine->cache_ = std::move(memory);
  const KvStore& cache = engine->cache_.store;
  if (!KvSpill::can_keep(*engine->model_, cache)) return engine;
  std::unique_ptr<KvRuns> runs;
  if (limits.spill_folder) {
    runs = std::make_unique<KvRunsInFiles>(*limits.spill_folder, KvSpill::words_per_token(cache));
  } else if (limits.spill_bytes > 0) {
    runs = std::make_unique<KvRunsInMemory>(limits.spill_bytes);
  }
  if (runs) engine->spill_.emplace(backend, cache, std::move(runs));
  return engine;
}

void Engine::add(std::unique_ptr<Job> job) {
  const Status good =
      check_request(job->request(), limits_.context_tokens, model_->size().vocab_size);
  if (!good) return job->fail(good.error());
  if (job->request().max_tokens < 0) return job->finish();
  auto running = std::make_unique<Running>();
  running->job = std::move(job);
  jobs_.push_back(std::move(running));
  note_state();
}

void Engine::announce(Priority priority) {
  int seen = announced_;
  while (static_cast<int>(priority) < seen &&
         !announced_.compare_exchange_weak(seen, static_cast<int>(priority))) {
  }
}

void Engine::cancel_all() {
  while (!jobs_.empty()) {  // a callback may submit once more
    for (const auto& running : jobs_) {
      running->error = {ErrorCode::cancelled, "the engine is stopping"};
    }
    remove_ended();
  }
}

bool Engine::step() {
  for (const auto& running : jobs_) {
    if (running->job->cancelled()) running->error = {ErrorCode::cancelled, "cancelled"};
  }
  remove_ended();
  if (jobs_.empty()) {
    backend_.between_jobs();
    return false;
  }

  Priority urgency = Priority::review;
  for (const auto& running : jobs_) urgency = std::min(urgency, running->job->request().priority);
  build_batch(urgency);

  const bool decoding = batch_tokens_.size() == batch_logit_rows_.size();
  const double started = limits_.clock();
  const TraceSpan span(trace_.get(), decoding ? "decode" : "prefill", std::ssize(batch_tokens_));
  const StepControl control(*this, urgency);
  Status computed = model_->forward(batch(), cache_.store, {}, control);
  if (computed) {
    take_results();
    computed = draft_next();
    note_step(decoding, limits_.clock() - started);
  } else if (computed.error().code == ErrorCode::cancelled) {
    computed = {};  // nothing was taken over: the rows are computed again when they are due
  }
  if (!computed) {
    note_failure();
    for (Running* member : members_) member->error = computed.error();
  }
  remove_ended();
  return true;
}

// Building the batch.

void Engine::build_batch(Priority urgency) {
  members_.clear();
  batch_tokens_.clear();
  batch_positions_.clear();
  batch_slots_.clear();
  batch_sequences_.clear();
  batch_logit_rows_.clear();
  tops_.clear();
  DraftPolicy::Step expected;

  // Decoding jobs first: they need one row each, and their reader is already reading.
  for (const bool decoding : {true, false}) {
    for (const auto& running : jobs_) {
      if (running->job->request().priority != urgency) continue;
      if (decoding != (running->admitted && running->n_pending() == 1)) continue;
      if (static_cast<int>(members_.size()) == kMaxSequences) return;
      if (!running->admitted && waits_for_same_prompt(*running)) continue;
      if (!running->admitted) admit(*running);

      const int n_free_rows = model_->max_batch() - static_cast<int>(batch_tokens_.size());
      const int n_rows = std::min({running->n_pending(), limits_.prefill_chunk, n_free_rows});
      if (n_rows == 0 || !make_room(*running, n_rows)) continue;
      running->n_drafts = decoding ? choose_drafts(*running, n_free_rows - 1, expected) : 0;
      add_to_batch(*running, n_rows + running->n_drafts);
    }
  }
}

/// Whether another job is computing this one's prompt: what it computes is shared when it is done,
/// and nobody gains if both do it at once.
bool Engine::waits_for_same_prompt(const Running& running) const {
  const std::span<const TokenId> prompt = running.job->request().prompt;
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& other) {
    const GenerateRequest& others = other->job->request();
    return other->admitted && other->n_computed < other->job->n_prompt() - 1 &&
           others.priority == running.job->request().priority &&
           std::ranges::equal(prompt, others.prompt);
  });
}

/// Goes on with the prefix of a lease as far as it was evicted, up to `limit` tokens.
void Engine::restore_spilled(PrefixTree::Lease& lease, std::span<const TokenId> tokens, int limit) {
  const int n_known = lease.size();
  const int n = std::min(spill_->find(tokens, n_known), limit - n_known);
  if (n <= 0 || !prefixes_.extend(lease, n)) return;
  const int n_restored = spill_->restore(tokens, n_known, lease.slots().subspan(n_known));
  prefixes_.truncate(lease, n_known + n_restored);
  prefixes_.commit(lease, tokens, n_known + n_restored);
}

void Engine::admit(Running& running) {
  const std::span<const TokenId> tokens = running.job->tokens();
  const int n_tokens = static_cast<int>(tokens.size());
  const int capacity =
      std::min(limits_.context_tokens, running.job->n_prompt() + running.job->request().max_tokens);
  // The last token is always computed: its logits are what the job came for.
  running.lease = prefixes_.acquire(tokens, n_tokens - 1, capacity);
  if (spill_) restore_spilled(running.lease, tokens, n_tokens - 1);
  running.n_computed = running.lease.size();
  running.admitted = true;
  if (running.job->begin(running.n_computed)) {
    const std::lock_guard lock(statistics_mutex_);
    statistics_.n_prompt_tokens += running.job->n_prompt();
    statistics_.n_reused_tokens += std::min(running.n_computed, running.job->n_prompt());
  }
}

/// Guesses how a decoding job's text goes on, and how much of that is worth a row in the batch.
int Engine::choose_drafts(Running& running, int n_free_rows, DraftPolicy::Step& expected) {
  const Job& job = *running.job;
  // A token that the context or the job has no room for is not worth guessing, and whoever else may
  // come into this batch needs a row of logits.
  const int n_others = std::min(kMaxSequences, static_cast<int>(jobs_.size())) -
                       static_cast<int>(members_.size()) - 1;
  const int n_free_logits = kMaxLogitRows - static_cast<int>(batch_logit_rows_.size()) - 1;
  const int most = std::min({DraftPolicy::kMaxDraft, n_free_rows, n_free_logits - n_others,
                             limits_.context_tokens - running.n_tokens(),
                             job.n_prompt() + job.request().max_tokens - running.n_tokens() - 1,
                             limits_.speculate ? INT_MAX : 0});
  const std::span<TokenId> drafts = std::span(running.drafts).first(std::max(0, most));
  running.guess = look_up(job.tokens(), recent_.tokens(), drafts);

  std::array<double, DraftPolicy::kMaxDraft> odds;
  int n_drafts = running.guess.n_tokens;
  for (int i = 0; i < n_drafts; ++i) odds[i] = policy_.odds_of_match(running.guess.match + i);
  if (running.model_draft && most > 0) {
    const double model_odds = running.odds_of_model_draft();
    const bool agree = n_drafts > 0 && drafts[0] == *running.model_draft;
    if (agree) {
      odds[0] = std::max(odds[0], model_odds);
    } else if (n_drafts == 0 || model_odds > odds[0]) {
      running.guess = {};
      n_drafts = 1;
      drafts[0] = *running.model_draft;
      odds[0] = model_odds;
    }
  }

  const std::span<const double> all_odds = std::span(odds).first(n_drafts);
  n_drafts = policy_.choose(expected, all_odds);
  const int n_missing = running.n_computed + 1 + n_drafts - running.lease.size();
  if (n_missing > 0 && !prefixes_.extend(running.lease, n_missing)) n_drafts = 0;
  expected = DraftPolicy::with_job(expected, all_odds.first(n_drafts));
  return n_drafts;
}

/// Makes sure that the lease covers `n_rows` more positions, if need be at the cost of less urgent
/// jobs, or of equally urgent ones that came later. False: the job has to wait for the others.
bool Engine::make_room(Running& running, int n_rows) {
  const int n_missing = running.n_computed + n_rows - running.lease.size();
  if (n_missing <= 0 || prefixes_.extend(running.lease, n_missing)) return true;

  const Priority priority = running.job->request().priority;
  bool came_later = true;
  for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) {
    Running& other = **it;
    if (&other == &running) came_later = false;
    const Priority others = other.job->request().priority;
    const bool gives_way = others > priority || (others == priority && came_later);
    const bool in_batch = std::find(members_.begin(), members_.end(), &other) != members_.end();
    if (!gives_way || !other.admitted || in_batch || &other == &running) continue;
    give_up_slots(other);
    if (prefixes_.extend(running.lease, n_missing)) return true;
  }
  return false;
}

/// What the job has computed stays in the tree as long as nobody needs the room.
void Engine::give_up_slots(Running& running) {
  prefixes_.commit(running.lease, running.job->tokens(), running.n_computed);
  prefixes_.release(std::move(running.lease));
  running.lease = {};
  running.admitted = false;
  running.n_computed = 0;
  running.model_draft.reset();
}

void Engine::add_to_batch(Running& running, int n_rows) {
  const std::span<const TokenId> tokens = running.job->tokens();
  const int n_tokens = static_cast<int>(tokens.size());
  const int end = running.n_computed + n_rows;

  running.first_row = static_cast<int>(batch_tokens_.size());
  running.n_rows = n_rows;
  running.first_logit = -1;
  for (int position = running.n_computed; position < end; ++position) {
    if (position >= n_tokens - 1) {  // the last known token, and the drafts behind it
      if (running.first_logit < 0) {
        running.first_logit = static_cast<int>(batch_logit_rows_.size());
      }
      batch_logit_rows_.push_back(static_cast<int32_t>(batch_tokens_.size()));
      tops_.push_back({.temperature = running.job->temperature()});
    }
    batch_tokens_.push_back(position < n_tokens ? tokens[position]
                                                : running.drafts[position - n_tokens]);
    batch_positions_.push_back(position);
    batch_slots_.push_back(running.lease.slots()[position]);
  }
  batch_sequences_.push_back({.first_row = running.first_row,
                              .n_rows = n_rows,
                              .slots = running.lease.slots().first(end)});
  members_.push_back(&running);
}

Batch Engine::batch() {
  return {.tokens = batch_tokens_,
          .positions = batch_positions_,
          .slots = batch_slots_,
          .sequences = batch_sequences_,
          .logit_rows = batch_logit_rows_,
          .tops = tops_};
}

// Taking the results.

void Engine::take_results() {
  for (Running* member : members_) {
    if (member->first_logit < 0) {
      member->n_computed += member->n_rows;  // more prompt to come
    } else {
      take_result(*member);
    }
  }
}

void Engine::take_result(Running& running) {
  Job& job = *running.job;
  const auto take = [&](int row) -> std::optional<TokenId> {
    running.last_logit = row;
    Result<TokenId> token = job.take(tops_[row], [&]() -> Result<std::span<float>> {
      FATHOM_CHECK(model_->all_logits(row, all_logits_));
      return std::span(all_logits_);
    });
    if (!token) {
      running.error = std::move(token.error());
      return std::nullopt;
    }
    if (!job.finished() && static_cast<int>(job.tokens().size()) >= limits_.context_tokens) {
      job.stop_at_context_end();
    }
    return *token;
  };

  running.n_computed = static_cast<int>(job.tokens().size());
  if (running.lease.committed() < job.n_prompt()) {  // others with this prompt need not wait
    prefixes_.commit(running.lease, job.tokens(), job.n_prompt());
  }
  if (job.request().max_tokens == 0) return job.stop_behind_prompt();
  for (int row = 0;; ++row) {
    const std::optional<TokenId> token = take(running.first_logit + row);
    if (!token) return;
    note_guesses(running, row, *token);
    const bool right = row < running.n_drafts && *token == running.drafts[row];
    if (!right || running.ended()) return;
    ++running.n_computed;
  }
}

/// Whether what was guessed of the token of a row was right. Of the first it is worth knowing even
/// if it was not drafted.
void Engine::note_guesses(Running& running, int row, TokenId token) {
  if (running.guess.match > 0 && row < std::max(1, running.n_drafts)) {
    policy_.note_match(running.guess.match + row, running.drafts[row] == token);
  }
  if (row == 0 && running.model_draft) {
    ++running.n_model_drafts;
    running.n_right_model_drafts += *running.model_draft == token ? 1 : 0;
  }
}

/// Asks the model's draft layer for the token after next of every member that goes on.
Status Engine::draft_next() {
  if (!model_->can_draft() || !limits_.speculate) return {};
  const auto wants_draft = [](const Running* member) {
    return member->first_logit >= 0 && !member->ended() && member->model_drafts_pay();
  };
  bool wanted = false;
  for (Running* member : members_) {
    member->model_draft.reset();
    // A prompt that is still being computed needs draft keys and values for later.
    wanted |= wants_draft(member) || (member->first_logit < 0 && member->model_drafts_pay());
  }
  if (!wanted) return {};

  batch_next_.clear();
  for (const Running* member : members_) {
    const std::span<const TokenId> tokens = member->job->tokens();
    const int first_position = batch_positions_[member->first_row];
    for (int row = 0; row < member->n_rows; ++row) {
      const size_t next = first_position + row + 1;
      // A wrong draft, or a job that is over, has no next token: those rows are never used.
      batch_next_.push_back(next < tokens.size() ? tokens[next] : 0);
    }
  }
  FATHOM_CHECK(model_->draft(batch(), batch_next_, cache_.store, {}));
  for (Running* member : members_)
    if (wants_draft(member)) member->model_draft = tops_[member->last_logit].likeliest[0].id;
  return {};
}

void Engine::remove_ended() {
  const auto first = std::stable_partition(jobs_.begin(), jobs_.end(),
                                           [](const auto& running) { return !running->ended(); });
  std::vector<std::unique_ptr<Running>> ended(std::make_move_iterator(first),
                                              std::make_move_iterator(jobs_.end()));
  jobs_.erase(first, jobs_.end());
  for (const auto& running : ended) {
    if (running->admitted) give_up_slots(*running);
    if (limits_.speculate) recent_.add(running->job->tokens().subspan(running->job->n_prompt()));
    // Last: the client may submit its next request from here.
    if (running->error) {
      running->job->fail(std::move(*running->error));
    } else {
      running->job->finish();
    }
  }
  note_state();
}

// Statistics.

void Engine::note_step(bool decoding, double seconds) {
  constexpr double kKept = 0.9;  // of older steps, each time: about the last ten count
  int n_generated = 0;
  int n_drafted = 0;
  int n_right = 0;
  for (const Running* member : members_) {
    n_drafted += member->n_drafts;
    const bool generates = member->first_logit >= 0 && member->job->request().max_tokens > 0;
    if (!generates) continue;
    n_generated += member->last_logit - member->first_logit + 1;
    n_right += member->last_logit - member->first_logit;
  }
  const int n_rows = static_cast<int>(batch_tokens_.size());
  if (decoding || n_rows > StepCosts::kMaxRows) policy_.note_step(n_rows, seconds);
  Speed& speed = decoding ? decode_speed_ : prefill_speed_;
  speed.n_tokens = kKept * speed.n_tokens + (decoding ? n_generated : n_rows);
  speed.seconds = kKept * speed.seconds + seconds;

  const std::lock_guard lock(statistics_mutex_);
  statistics_.prefill_tokens_per_s = prefill_speed_.per_second();
  statistics_.decode_tokens_per_s = decode_speed_.per_second();
  ++statistics_.n_steps;
  statistics_.n_generated_tokens += n_generated;
  statistics_.n_drafted_tokens += n_drafted;
  statistics_.n_right_drafts += n_right;
}

/// What a backend or a model fails with stays.
void Engine::note_failure() {
  const std::lock_guard lock(statistics_mutex_);
  statistics_.is_lost = true;
}

void Engine::note_state() {
  const std::lock_guard lock(statistics_mutex_);
  statistics_.n_jobs = {};
  statistics_.n_running = 0;
  for (const auto& running : jobs_) {
    ++statistics_.n_jobs[static_cast<size_t>(running->job->request().priority)];
    statistics_.n_running += running->admitted ? 1 : 0;
  }
  statistics_.cache_tokens = prefixes_.n_slots();
  statistics_.cached_tokens = prefixes_.n_slots() - prefixes_.n_free();
}

EngineStatistics Engine::statistics() const {
  const std::lock_guard lock(statistics_mutex_);
  return statistics_;
}

}  // namespace fathom::engine
