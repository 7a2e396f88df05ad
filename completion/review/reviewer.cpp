#include "completion/review/reviewer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "completion/privacy/secret_files.h"
#include "completion/review/anchor.h"
#include "completion/review/ask_model.h"
#include "completion/review/changed_file.h"
#include "completion/review/fingerprint.h"
#include "completion/review/pack_parts.h"
#include "completion/review/review_answer.h"
#include "completion/review/review_prompt.h"
#include "completion/review/rule_findings.h"
#include "completion/review/suggestion_gate.h"
#include "completion/review/suppression.h"
#include "completion/review/used_declarations.h"

namespace fathom::completion {
namespace {

/// Less of a change is not worth a question.
constexpr int kMinPartTokens = 64;
/// More at once is read with less care, and answered later.
constexpr int kMaxPartTokens = 3072;
/// Of a part, for declarations that it uses; at most a quarter of it.
constexpr int kMaxUsedTokens = 448;

/// Cancels when a time has come, or when its parent is cancelled.
class Deadline final {
 public:
  Deadline(const CancelToken& parent, int seconds) : source_(parent) {
    if (seconds <= 0) return;
    timer_ = std::jthread([this, seconds](const std::stop_token& stopped) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stopped, std::chrono::seconds(seconds), [] { return false; });
      if (!stopped.stop_requested()) source_.cancel();
    });
  }

  CancelToken token() const { return source_.token(); }

 private:
  CancelSource source_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::jthread timer_;
};

/// The lines of a part that the review is about.
LineRange range_of(const PromptPart& part) {
  LineRange range;
  for (const ShownLine& line : part.lines) {
    if (line.number == 0 || !line.is_in_hunk) continue;
    if (range.begin == 0) range.begin = line.number;
    range.end = line.number;
  }
  return range;
}

/// What the model said of a part.
struct Answer {
  std::string failure;  // why the part has not been reviewed, or ""
  std::vector<Claim> claims;
  AskedTokens tokens;
  bool is_given_up = false;   // in a claim that the model hardly believed
  bool is_malformed = false;  // after the claims
};

class Review final {
 public:
  Review(engine::Generator& generator, ReviewInput input, const ReviewOptions& options)
      : generator_(generator),
        options_(options),
        around_(std::move(input.around)),
        deadline_(options.cancel, options.max_seconds) {
    report_.model = generator.traits().name;
    report_.unreviewed = std::move(input.skipped);
    for (ReviewedFile& file : input.files) {
      report_.n_hunks += static_cast<int>(file.diff.hunks.size());
      if (file.text) file.shown = masked(file.text);
      report_.files.push_back(file);
      files_.push_back(std::make_unique<const ChangedFile>(std::move(file), secrets_));
    }
  }

  ReviewReport run() {
    std::vector<PromptPart> parts;
    for (const auto& file : files_) {
      for (Finding& finding : rule_findings(*file, secrets_)) take(*file, std::move(finding));
      add_parts(*file, parts);
    }
    ask_about(parts);
    choose();
    return std::move(report_);
  }

 private:
  std::shared_ptr<const std::string> masked(const std::shared_ptr<const std::string>& text) const {
    const std::vector<Secret> found = secrets_.find(*text);
    if (found.empty()) return text;
    return std::make_shared<const std::string>(with_secrets_masked(*text, found));
  }

  int max_reasoning() const {
    const auto& chat = generator_.traits().chat;
    const bool reasons = chat && chat->reasoning != engine::Reasoning::none;
    return reasons ? std::min(options_.max_reasoning_tokens, options_.context_tokens / 4) : 0;
  }
  int max_answer() const {
    return std::min(options_.max_answer_tokens, options_.context_tokens / 4);
  }

  void add_parts(const ChangedFile& file, std::vector<PromptPart>& parts) {
    if (is_secret_file(file.path())) {
      report_.unreviewed.push_back(
          {.path = file.path(), .reason = "holds credentials, by its name", .is_expected = true});
      return;
    }
    const std::string question = review_message({.file = &file}, options_.max_findings);
    const int overhead = static_cast<int>(generator_.tokenizer().encode(question).size());
    constexpr int kLayoutTokens = 32;  // that a chat model's turns take
    const int room = std::min(
        options_.context_tokens - max_reasoning() - max_answer() - overhead - kLayoutTokens,
        kMaxPartTokens);
    if (room < kMinPartTokens) {
      report_.unreviewed.push_back(
          {.path = file.path(), .reason = "the model's context is too small for a review"});
      return;
    }
    const int used_room = around_ ? std::min(room / 4, kMaxUsedTokens) : 0;
    std::vector<PromptPart> packed =
        pack_parts(file, secrets_, generator_.tokenizer(), room - used_room);
    for (PromptPart& part : packed) {
      if (around_) part.used = used_declarations(part, *around_, generator_.tokenizer(), used_room);
      for (const ShownLine& line : part.lines) {
        if (line.is_cut && line.is_added && line.is_in_hunk) {
          report_.unreviewed.push_back({.path = file.path(),
                                        .lines = {line.number, line.number},
                                        .reason = "the end of a long line"});
        }
      }
      parts.push_back(std::move(part));
    }
  }

  /// Takes the answers in the order of the parts, each as soon as those before it are there.
  void ask_about(const std::vector<PromptPart>& parts) {
    std::mutex mutex;  // guards what follows, the report, and calls to the client
    std::vector<std::optional<Answer>> answers(parts.size());
    size_t next = 0;  // to ask about
    size_t n_taken = 0;
    int n_done = 0;
    const auto work = [&] {
      std::unique_lock lock(mutex);
      while (next < parts.size()) {
        const size_t part = next++;
        if (options_.on_progress) options_.on_progress(n_done, static_cast<int>(parts.size()));
        lock.unlock();
        Answer answer = ask(parts[part]);
        lock.lock();
        ++n_done;
        answers[part] = std::move(answer);
        for (; n_taken < parts.size() && answers[n_taken]; ++n_taken)
          take(parts[n_taken], *answers[n_taken]);
      }
    };
    std::vector<std::jthread> others;
    const int n_parallel = options_.max_tokens > 0 ? 1 : options_.n_parallel;
    for (int i = 1; i < n_parallel && i < static_cast<int>(parts.size()); ++i)
      others.emplace_back(work);
    work();
  }

  Answer ask(const PromptPart& part) const {
    if (options_.cancel.cancelled()) return {.failure = "interrupted"};
    if (deadline_.token().cancelled()) return {.failure = "out of time"};
    // Where tokens are limited, the parts before this one have been taken.
    const int64_t left =
        options_.max_tokens > 0 ? options_.max_tokens - report_.output_tokens : INT32_MAX;
    if (left <= 0) return {.failure = "out of tokens"};

    AnswerReader reader(options_.max_findings);
    // What a model says after something that it hardly believes is worth less still.
    bool gave_up = false;
    const auto on_token = [&](const engine::TokenEvent& event) {
      gave_up =
          !reader.feed(event.bytes, event.logprob) || reader.is_below(options_.min_confidence);
      return !gave_up;
    };
    const std::string question = review_message(part, options_.max_findings);
    const Result<AskedTokens> asked = ask_model(
        generator_,
        {.text = question,
         .form = std::make_shared<ReviewGrammar>(
             options_.max_findings,
             std::make_shared<const QuotableLines>(part.lines, ReviewGrammar::kMaxQuoteBytes)),
         .max_reasoning_tokens = static_cast<int>(std::min<int64_t>(max_reasoning(), left)),
         .max_answer_tokens = static_cast<int>(std::min<int64_t>(max_answer(), left)),
         .seed = options_.seed,
         .on_token = on_token,
         .cancel = deadline_.token()});
    if (!asked) {
      if (options_.cancel.cancelled()) return {.failure = "interrupted"};
      if (deadline_.token().cancelled()) return {.failure = "out of time"};
      return {.failure = asked.error().message};
    }
    Answer answer{.claims = reader.claims(), .tokens = *asked};
    if (reader.is_complete()) return answer;
    if (gave_up && reader.is_below(options_.min_confidence)) {
      answer.is_given_up = true;
    } else {
      answer.is_malformed = gave_up;
      answer.failure =
          gave_up ? "the model's answer could not be read" : "the model's answer broke off";
    }
    return answer;
  }

  void take(const PromptPart& part, const Answer& answer) {
    report_.prompt_tokens += answer.tokens.prompt;
    report_.output_tokens += answer.tokens.output;
    report_.rejected.low_confidence += int{answer.is_given_up};
    report_.rejected.malformed += int{answer.is_malformed};
    for (const Claim& claim : answer.claims) judge(part, claim);
    if (answer.failure.empty()) return;
    report_.unreviewed.push_back(
        {.path = part.file->path(), .lines = range_of(part), .reason = answer.failure});
  }

  void judge(const PromptPart& part, const Claim& claim) {
    if (claim.message.empty()) {
      ++report_.rejected.malformed;
      return;
    }
    const auto anchor = find_anchor(part.lines, claim.quote, claim.line);
    if (!anchor) {
      ++(anchor.error() == NoAnchor::not_added ? report_.rejected.not_added
                                               : report_.rejected.no_anchor);
      return;
    }
    if (claim.confidence < options_.min_confidence) {
      ++report_.rejected.low_confidence;
      return;
    }
    Finding finding{.path = part.file->path(),
                    .lines = anchor->lines,
                    .severity = claim.severity,
                    .category = claim.category,
                    .confidence = claim.confidence,
                    .message = claim.message,
                    .quote = quote_of(*part.file, anchor->lines)};
    if (claim.replacement) {
      finding.suggestion = passed_suggestion(*part.file, *anchor, *claim.replacement, secrets_);
      if (!finding.suggestion) ++report_.rejected.suggestions;
    }
    take(*part.file, std::move(finding));
  }

  void take(const ChangedFile& file, Finding finding) {
    finding.fingerprint = fingerprint_of(finding, file);
    const bool is_known = options_.baseline.contains(finding.fingerprint);
    if (is_known || is_allowed_inline(file, finding)) {
      ++report_.rejected.suppressed;
    } else if (std::ranges::find(report_.findings, finding.fingerprint, &Finding::fingerprint) !=
               report_.findings.end()) {
      ++report_.rejected.duplicate;
    } else {
      if (options_.on_finding) options_.on_finding(finding, file.file());
      report_.findings.push_back(std::move(finding));
    }
  }

  /// The worst that there is room for, in the order of the files.
  void choose() {
    const auto place = [](const Finding& f) { return std::tie(f.path, f.lines.begin, f.category); };
    std::ranges::sort(report_.findings, [&](const Finding& a, const Finding& b) {
      if (a.severity != b.severity) return a.severity > b.severity;
      if (a.confidence != b.confidence) return a.confidence > b.confidence;
      return place(a) < place(b);
    });
    const auto n_findings = static_cast<size_t>(options_.max_findings);
    if (report_.findings.size() > n_findings) {
      report_.rejected.over_limit = static_cast<int>(report_.findings.size() - n_findings);
      report_.findings.resize(n_findings);
    }
    std::ranges::sort(report_.findings, {}, place);
  }

  engine::Generator& generator_;
  const ReviewOptions& options_;
  const std::shared_ptr<const WorkspaceIndex> around_;
  const SecretFinder secrets_;
  std::vector<std::unique_ptr<const ChangedFile>> files_;
  ReviewReport report_;
  Deadline deadline_;
};

}  // namespace

ReviewReport review(engine::Generator& generator, ReviewInput input, const ReviewOptions& options) {
  return Review(generator, std::move(input), options).run();
}

}  // namespace fathom::completion
