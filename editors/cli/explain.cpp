// fathom explain: a file or some lines of it, explained in prose.

#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/location.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/remote_consent.h"
#include "editors/cli/source_file.h"
#include "editors/cli/wait.h"
#include "engine/base/mapped_file.h"
#include "engine/base/system.h"

namespace fathom::cli {
namespace {

using completion::Channel;
using completion::Explanation;

struct Options {
  ModelOptions model;
  std::string place;
  std::string question;
  std::optional<int> max_reasoning_tokens;
  bool json = false;
};

/// The reasoning goes to stderr, so that a pipe carries the answer alone.
class Printer final {
 public:
  explicit Printer(bool json) : json_(json), dim_(is_terminal(stderr)) {}

  void operator()(Channel channel, std::string_view text) {
    const bool is_reasoning = channel == Channel::reasoning;
    if (json_) {
      write_json({{"channel", is_reasoning ? "reasoning" : "answer"}, {"text", text}});
    } else if (is_reasoning) {
      fmt::print(stderr, "{}{}{}", dim_ ? "\033[2m" : "", printable(text), dim_ ? "\033[0m" : "");
      reasoned_ = true;
    } else {
      if (std::exchange(reasoned_, false)) fmt::print(stderr, "\n\n");
      stream_out(text);
    }
  }

 private:
  bool json_;
  bool dim_;
  bool reasoned_ = false;
};

Result<ByteRange> range_of(std::string_view text, const FileLines& place) {
  if (!place.lines) return ByteRange{0, text.size()};
  return bytes_of(text, *place.lines);
}

/// A file may itself be called "a:1-2".
Result<FileLines> find_place(const std::string& place) {
  std::error_code error;
  if (std::filesystem::exists(place, error)) return FileLines{place, std::nullopt};
  return parse_file_lines(place);
}

Result<ExitCode> explain(const Options& options) {
  FATHOM_TRY(place, find_place(options.place));
  FATHOM_TRY(text, read_text_file(place.file, kMaxSourceBytes));
  FATHOM_TRY(range, range_of(text, place));
  const completion::SnapshotPtr snapshot = make_snapshot(place.file, std::move(text));

  Log log = stderr_log(options.model.verbose);
  const completion::Config config = read_config().values;
  const ModelOptions model = configured(options.model, config, completion::Role::reasoning);
  FATHOM_CHECK(ask_for_consent(model.remote, project_root(place.file)));
  FATHOM_TRY(runtime, start_runtime(model, log));
  Printer print(options.json);
  FATHOM_TRY(explanation, wait_for<Result<Explanation>>([&](auto on_done) {
               runtime->assistant().explain(
                   {.snapshot = snapshot,
                    .begin = range.begin,
                    .end = range.end,
                    .question = options.question,
                    .max_reasoning_tokens =
                        options.max_reasoning_tokens.value_or(config.max_reasoning_tokens),
                    .max_answer_tokens = config.max_answer_tokens,
                    .cancel = cancel_on_interrupt()},
                   std::ref(print), on_done);
             }));
  if (!options.json && !explanation.answer.ends_with('\n')) write_out("\n");
  report_masked(explanation.masked_secrets);
  return ExitCode::ok;
}

}  // namespace

Action add_explain(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("FILE[:A-B]", options->place, "a file, or lines A to B of it, from 1")
      ->required();
  add_model_options(command, options->model);
  command.add_option("--question", options->question, "what to answer about the code")
      ->type_name("TEXT");
  command
      .add_option("--max-reasoning-tokens", options->max_reasoning_tokens,
                  "then the answer begins (default: 512)")
      ->check(CLI::Range(0, 1 << 20).description(""))
      ->type_name("N");
  command.add_flag("--json", options->json,
                   R"(print lines {"channel":"reasoning"|"answer","text":...} as they come)");
  return [options] { return explain(*options); };
}

}  // namespace fathom::cli
