// fathom generate: the raw continuation of a text, for trying models and checking engines.

#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/source_file.h"
#include "editors/cli/text_stream.h"
#include "editors/cli/token_ids.h"
#include "engine/base/mapped_file.h"
#include "engine/generator.h"

namespace fathom::cli {
namespace {

struct Options {
  ModelOptions model;
  std::optional<std::string> prompt;
  std::string prompt_file;
  std::optional<std::string> token_ids;
  int max_tokens = 128;
  float temperature = 0.0f;
  float top_p = 1.0f;
  float min_p = 0.0f;
  std::vector<std::string> stop;
  bool ignore_eos = false;
  bool special = false;
  bool json = false;
};

Result<std::vector<engine::TokenId>> prompt_tokens(const Options& options,
                                                   const engine::Tokenizer& tokenizer) {
  if (options.token_ids) return parse_token_ids(*options.token_ids);
  std::string text = options.prompt.value_or("");
  if (!options.prompt_file.empty()) {
    FATHOM_TRY(read, options.prompt_file == "-"
                         ? read_stdin(kMaxSourceBytes)
                         : read_text_file(options.prompt_file, kMaxSourceBytes));
    text = std::move(read);
  }
  return encode_prompt(tokenizer, text, options.special);
}

Result<ExitCode> generate(const Options& options) {
  if (!options.prompt && options.prompt_file.empty() && !options.token_ids)
    return fail(ErrorCode::invalid_argument,
                "nothing to continue; give --prompt TEXT, --prompt-file FILE or --tokens 1,2,3");

  Log log = stderr_log(options.model.verbose);
  FATHOM_TRY(engine, start_engine(options.model, {}, log));
  FATHOM_TRY(prompt, prompt_tokens(options, engine->tokenizer()));

  TextStream stream(options.stop);
  const auto on_token = [&](const engine::TokenEvent& token) {
    const std::string_view text = stream.push(token.bytes);
    if (!options.json) stream_out(text);
    return true;
  };
  FATHOM_TRY(result, engine::generate(*engine,
                                      {.prompt = std::move(prompt),
                                       .max_tokens = options.max_tokens,
                                       .sampling = {.temperature = options.temperature,
                                                    .top_p = options.top_p,
                                                    .min_p = options.min_p,
                                                    .seed = options.model.seed},
                                       .ignore_end_tokens = options.ignore_eos,
                                       .stop_strings = options.stop,
                                       .cancel = cancel_on_interrupt()},
                                      on_token));
  const std::string_view rest = stream.finish();
  if (options.json) {
    write_json({{"text", stream.text()},
                {"tokens", result.tokens},
                {"n_tokens", result.tokens.size()},
                {"prompt_tokens", result.prompt_tokens},
                {"stop", engine::name_of(result.stop)},
                {"ms_prefill", result.ms_prefill},
                {"ms_decode", result.ms_decode},
                {"mean_logprob", result.mean_logprob}});
  } else {
    write_out(rest);
    end_text(stream.text());
  }
  return ExitCode::ok;
}

}  // namespace

Action add_generate(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  constexpr const char* kPrompt = "Prompt, exactly one of";
  CLI::Option* prompt = command.add_option("--prompt", options->prompt, "the text to continue")
                            ->type_name("TEXT")
                            ->group(kPrompt);
  CLI::Option* prompt_file =
      command.add_option("--prompt-file", options->prompt_file, "the file to continue (-: stdin)")
          ->type_name("FILE")
          ->group(kPrompt)
          ->excludes(prompt);
  command
      .add_option("--tokens", options->token_ids,
                  "ids to continue (1,2,3), as they are: nothing is added")
      ->type_name("IDS")
      ->group(kPrompt)
      ->excludes(prompt)
      ->excludes(prompt_file);
  command.add_option("--max-tokens", options->max_tokens, "most new tokens (default: 128)")
      ->check(CLI::Range(1, 1 << 24).description(""))
      ->type_name("N");
  command.add_option("--temperature", options->temperature, "0: always the likeliest (default)")
      ->check(CLI::Range(0.0f, 100.0f).description(""))
      ->type_name("T");
  command.add_option("--top-p", options->top_p, "sample from the likeliest that reach this sum")
      ->check(CLI::Range(0.0f, 1.0f).description(""))
      ->type_name("P");
  command
      .add_option("--min-p", options->min_p,
                  "drop tokens less likely than this share of the likeliest")
      ->check(CLI::Range(0.0f, 1.0f).description(""))
      ->type_name("P");
  command.add_option("--stop", options->stop, "end before this text; may be given several times")
      ->allow_extra_args(false)
      ->type_name("TEXT");
  command.add_flag("--ignore-eos", options->ignore_eos, "go on when the model ends its text");
  command.add_flag("--special", options->special,
                   "read special tokens that are spelled out in the prompt");
  add_json_option(command, options->json);
  return [options] { return generate(*options); };
}

}  // namespace fathom::cli
