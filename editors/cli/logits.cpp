// fathom logits: what a model thinks of every next token, for checking an engine against another.

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/token_ids.h"

namespace fathom::cli {
namespace {

struct Options {
  ModelOptions model;
  std::optional<std::string> prompt;
  std::optional<std::string> token_ids;
  int top = 10;
  bool all = false;
  bool special = false;
  bool json = false;
};

/// The ids of the `n` largest, largest first; of equal ones the lower id first.
std::vector<engine::TokenId> largest(const std::vector<float>& logits, size_t n) {
  std::vector<engine::TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  n = std::min(n, ids.size());
  std::ranges::partial_sort(ids, ids.begin() + std::ptrdiff_t(n),
                            [&](engine::TokenId a, engine::TokenId b) {
                              return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                            });
  ids.resize(n);
  return ids;
}

Result<ExitCode> print_logits(const Options& options) {
  if (!options.prompt && !options.token_ids)
    return fail(ErrorCode::invalid_argument, "give --tokens 1,2,3 or --prompt TEXT");

  Log log = stderr_log(options.model.verbose);
  FATHOM_TRY(engine, start_engine(options.model, {}, log));
  const engine::Tokenizer& tokenizer = engine->tokenizer();
  FATHOM_TRY(tokens, options.prompt ? Result<std::vector<engine::TokenId>>(encode_prompt(
                                          tokenizer, *options.prompt, options.special))
                                    : parse_token_ids(*options.token_ids));
  FATHOM_TRY(logits, engine->logits(tokens));
  const std::vector<engine::TokenId> top = largest(logits, static_cast<size_t>(options.top));

  if (options.json) {
    Json json = {{"n_vocab", logits.size()}, {"top", Json::array()}};
    for (const engine::TokenId id : top) json["top"].push_back({id, logits[id]});
    if (options.all) json["logits"] = logits;
    write_json(json);
    return ExitCode::ok;
  }
  const auto print = [&](engine::TokenId id) {
    write_out(fmt::format(
        "{:>8} {:>12.5f}  {}\n", id, logits[id],
        Json(tokenizer.bytes(id)).dump(-1, ' ', false, Json::error_handler_t::replace)));
  };
  if (options.all)
    for (size_t id = 0; id < logits.size(); ++id) print(engine::TokenId(id));
  else
    std::ranges::for_each(top, print);
  return ExitCode::ok;
}

}  // namespace

Action add_logits(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  constexpr const char* kPrompt = "Prompt, exactly one of";
  CLI::Option* tokens =
      command
          .add_option("--tokens", options->token_ids, "ids (1,2,3), as they are: nothing is added")
          ->type_name("IDS")
          ->group(kPrompt);
  command
      .add_option("--prompt", options->prompt,
                  "text; the begin-of-sentence token is added where the model wants it")
      ->type_name("TEXT")
      ->group(kPrompt)
      ->excludes(tokens);
  command.add_option("--top", options->top, "how many of the likeliest (default: 10)")
      ->check(CLI::Range(1, 1 << 24).description(""))
      ->type_name("K");
  command.add_flag("--all", options->all, "print all of them");
  command.add_flag("--special", options->special,
                   "read special tokens that are spelled out in the prompt");
  add_json_option(command, options->json);
  return [options] { return print_logits(*options); };
}

}  // namespace fathom::cli
