// fathom bench typing: how long a person who types waits for what they see.

#include <chrono>
#include <memory>
#include <thread>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/statistics.h"
#include "editors/cli/typing_trace.h"
#include "editors/cli/wait.h"
#include "engine/base/mapped_file.h"

extern "C" const char fathom_typing_trace_begin[];
extern "C" const char fathom_typing_trace_end[];

namespace fathom::cli {
namespace {

using completion::Completion;
using Kind = TraceEvent::Kind;

constexpr size_t kMaxTraceBytes = size_t{64} << 20;

struct Options {
  ModelOptions model;
  std::vector<std::string> traces;
  double pace = 0;
  bool json = false;
};

std::string_view first_character(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) ++n;
  return text.substr(0, n);
}

/// What was waited for, in milliseconds from the key to the answer.
struct Latencies {
  std::vector<double> followed;  // keys that typed along the shown suggestion and left some of it
  std::vector<double> computed;  // all other keys
  std::vector<double> all;
  std::vector<double> first_text;  // of answers with text: until some of it could be shown
  double first = 0;                // the first of all, when nothing of the file is in the cache
  int suggestions = 0;             // answers that were not empty
  int accepted = 0;
  int from_cache = 0;
  double prompt_tokens = 0;
  double evaluated_tokens = 0;  // of them, those that were not in the KV cache

  void add(const Latencies& other) {
    const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(followed, other.followed);
    append(computed, other.computed);
    append(all, other.all);
    append(first_text, other.first_text);
    if (first == 0) first = other.first;
    suggestions += other.suggestions;
    accepted += other.accepted;
    from_cache += other.from_cache;
    prompt_tokens += other.prompt_tokens;
    evaluated_tokens += other.evaluated_tokens;
  }
};

/// The editor and the person before it: a buffer, a cursor, and what is shown there.
class Session final {
 public:
  Session(completion::Assistant& assistant, const TypingTrace& trace)
      : assistant_(assistant),
        path_(trace.path),
        text_(trace.text),
        cancel_(cancel_on_interrupt()) {}

  Status play(const TraceEvent& event) {
    switch (event.kind) {
      case Kind::move: {
        FATHOM_TRY(offset, offset_of(text_, event.position));
        cursor_ = offset;
        shown_.reset();
        return {};
      }
      case Kind::type:
        return type(event.text, "");
      case Kind::pair:
        return type(event.text, event.after);
      case Kind::over:
        return over();
      case Kind::backspace:
        if (cursor_ == 0) return {};
        text_.erase(--cursor_, 1);
        return ask({});
      case Kind::follow:
        return follow(event.count);
      case Kind::accept:
        return accept();
    }
    return {};
  }

  const Latencies& latencies() const { return latencies_; }

 private:
  /// The shown text behind the cursor; empty if nothing is shown.
  std::string_view rest_of_shown() const {
    if (!shown_) return {};
    const size_t typed = cursor_ - shown_->replace_begin;
    return typed < shown_->text.size() ? std::string_view(shown_->text).substr(typed) : "";
  }

  Status type(std::string_view key, std::string_view behind) {
    const std::string_view rest = rest_of_shown();
    const bool followed = rest.starts_with(key) && rest.size() > key.size();
    text_.insert(cursor_, std::string(key).append(behind));
    cursor_ += key.size();
    return ask({.followed = followed});
  }

  /// Types a bracket that the editor has put there already.
  Status over() {
    if (cursor_ == text_.size()) return {};
    ++cursor_;
    return ask({});
  }

  Status follow(int n_characters) {
    const std::string text = text_;
    const size_t cursor = cursor_;
    for (int i = 0; i < n_characters && !rest_of_shown().empty(); ++i)
      FATHOM_CHECK(type(std::string(first_character(rest_of_shown())), ""));
    put_back(text, cursor);
    return {};
  }

  Status accept() {
    if (rest_of_shown().empty()) return {};
    const std::string text = text_;
    const size_t cursor = cursor_;
    text_.replace(shown_->replace_begin, shown_->replace_end - shown_->replace_begin, shown_->text);
    cursor_ = shown_->replace_begin + shown_->text.size();
    ++latencies_.accepted;
    FATHOM_CHECK(ask({}));
    put_back(text, cursor);
    return {};
  }

  void put_back(const std::string& text, size_t cursor) {
    text_ = text;
    cursor_ = cursor;
    shown_.reset();
  }

  struct Key {
    bool followed = false;  // it typed along what is shown
  };

  Status ask(Key key) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const auto snapshot =
        std::make_shared<const completion::Snapshot>(completion::Snapshot{.uri = "file:///" + path_,
                                                                          .path = path_,
                                                                          .language = "",
                                                                          .version = ++version_,
                                                                          .text = text_});
    const auto elapsed_ms = [begin] {
      return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    };
    double first_text_ms = 0;  // written by the generator's thread before it calls on_done
    FATHOM_TRY(completion, wait_for<Result<Completion>>([&](auto on_done) {
                 assistant_.complete(
                     {.snapshot = snapshot,
                      .cursor = cursor_,
                      .trigger = completion::Trigger::automatic,
                      .cancel = cancel_},
                     [&](const Completion&) {
                       if (first_text_ms == 0) first_text_ms = elapsed_ms();
                     },
                     on_done);
               }));
    const double elapsed = elapsed_ms();

    if (version_ == 1) latencies_.first = elapsed;
    (key.followed ? latencies_.followed : latencies_.computed).push_back(elapsed);
    latencies_.all.push_back(elapsed);
    if (!completion.text.empty()) {
      ++latencies_.suggestions;
      latencies_.first_text.push_back(first_text_ms > 0 ? first_text_ms : elapsed);
    }
    latencies_.from_cache += completion.stop == "cache";
    latencies_.prompt_tokens += completion.prompt_tokens;
    latencies_.evaluated_tokens += completion.prompt_tokens - completion.reused_tokens;
    shown_ = std::move(completion);
    return {};
  }

  completion::Assistant& assistant_;
  std::string path_;
  std::string text_;
  size_t cursor_ = 0;
  int64_t version_ = 0;
  std::optional<Completion> shown_;
  CancelToken cancel_;
  Latencies latencies_;
};

Json to_json(const Latencies& l, const std::string& path) {
  const auto keys = static_cast<double>(l.all.size());
  return {{"path", path},
          {"keystrokes", l.all.size()},
          {"computed", l.computed.size()},
          {"followed", l.followed.size()},
          {"suggestions", l.suggestions},
          {"accepted", l.accepted},
          {"from_cache", l.from_cache},
          {"from_cache_share", keys > 0 ? l.from_cache / keys : 0},
          {"prompt_tokens_per_key", keys > 0 ? l.prompt_tokens / keys : 0},
          {"evaluated_tokens_per_key", keys > 0 ? l.evaluated_tokens / keys : 0},
          {"ms_first", l.first},
          {"ms_all_median", median(l.all)},
          {"ms_all_p95", percentile(l.all, 0.95)},
          {"ms_first_text_median", median(l.first_text)},
          {"ms_first_text_p95", percentile(l.first_text, 0.95)},
          {"ms_median", median(l.computed)},
          {"ms_p95", percentile(l.computed, 0.95)},
          {"ms_max", percentile(l.computed, 1.0)},
          {"ms_followed_median", median(l.followed)},
          {"ms_followed_p95", percentile(l.followed, 0.95)},
          {"ms_followed_max", percentile(l.followed, 1.0)}};
}

void print(const Json& json) {
  const auto number = [&](const char* key) { return json[key].get<double>(); };
  write_out(fmt::format(
      "{} keys in {}, {} suggestions shown, {:.0f} % from the cache; of {:.0f} prompt tokens a key "
      "{:.1f} evaluated\n",
      json["keystrokes"].get<size_t>(), json["path"].get<std::string>(),
      json["suggestions"].get<int>(), 100 * number("from_cache_share"),
      number("prompt_tokens_per_key"), number("evaluated_tokens_per_key")));
  write_out(fmt::format("{:<44} {:>10} {:>10} {:>10}\n", "milliseconds from key to answer",
                        "median", "p95", "max"));
  write_out(fmt::format("{:<44} {:>10.2f} {:>10.2f}\n", "  every key", number("ms_all_median"),
                        number("ms_all_p95")));
  write_out(fmt::format("{:<44} {:>10.2f} {:>10.2f}\n", "  to the first text",
                        number("ms_first_text_median"), number("ms_first_text_p95")));
  write_out(fmt::format("{:<44} {:>10.2f} {:>10.2f} {:>10.2f}\n",
                        fmt::format("  computed ({} keys)", json["computed"].get<size_t>()),
                        number("ms_median"), number("ms_p95"), number("ms_max")));
  write_out(fmt::format(
      "{:<44} {:>10.3f} {:>10.3f} {:>10.3f}\n",
      fmt::format("  following the suggestion ({} keys)", json["followed"].get<size_t>()),
      number("ms_followed_median"), number("ms_followed_p95"), number("ms_followed_max")));
  write_out(fmt::format("{:<44} {:>10.2f}\n", "  the very first", number("ms_first")));
}

Result<std::vector<TypingTrace>> read_traces(const std::vector<std::string>& paths) {
  std::vector<TypingTrace> traces;
  if (paths.empty()) {
    FATHOM_TRY(trace, parse_typing_trace({fathom_typing_trace_begin, fathom_typing_trace_end},
                                         "the built-in trace"));
    traces.push_back(std::move(trace));
  }
  for (const std::string& path : paths) {
    FATHOM_TRY(text, read_text_file(path, kMaxTraceBytes));
    FATHOM_TRY(trace, parse_typing_trace(text, path));
    traces.push_back(std::move(trace));
  }
  return traces;
}

Result<Latencies> play(completion::Assistant& assistant, const TypingTrace& trace, double pace) {
  Session session(assistant, trace);
  for (const TraceEvent& event : trace.events) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(event.ms * pace));
    FATHOM_CHECK(session.play(event));
  }
  return session.latencies();
}

Result<ExitCode> bench_typing(const Options& options) {
  FATHOM_TRY(traces, read_traces(options.traces));
  Log log = stderr_log(options.model.verbose);
  FATHOM_TRY(runtime, start_runtime(options.model, log));

  Latencies all;
  Json each = Json::array();
  for (const TypingTrace& trace : traces) {
    FATHOM_TRY(latencies, play(runtime->assistant(), trace, options.pace));
    all.add(latencies);
    each.push_back(to_json(latencies, trace.path));
  }
  Json json = each[0];
  if (traces.size() > 1) {
    json = to_json(all, "all");
    json["traces"] = each;
  }
  if (options.json) {
    write_json(json);
    return ExitCode::ok;
  }
  if (traces.size() > 1)
    for (const Json& one : each) print(one);
  print(json);
  return ExitCode::ok;
}

}  // namespace

Action add_bench_typing(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("TRACE", options->traces,
                     "editing traces, one session after the other (default: the built-in one)");
  add_model_options(command, options->model);
  command
      .add_option("--pace", options->pace,
                  "1: pause between keys as recorded; 0: none, the next key follows the answer "
                  "(default)")
      ->check(CLI::Range(0.0, 100.0).description(""))
      ->type_name("X");
  add_json_option(command, options->json);
  return [options] { return bench_typing(*options); };
}

}  // namespace fathom::cli
