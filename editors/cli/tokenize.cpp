// fathom tokenize: text to token ids and back.

#include <iostream>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "editors/cli/source_file.h"
#include "editors/cli/token_ids.h"
#include "engine/base/mapped_file.h"

namespace fathom::cli {
namespace {

constexpr size_t kMaxTextBytes = size_t{1} << 30;

struct Options {
  std::string model;
  std::string file;
  std::optional<std::string> decode;
  bool json = false;
  bool count = false;
  bool special = false;
  bool lines = false;
};

std::vector<engine::TokenId> encode(const engine::Tokenizer& tokenizer, std::string_view text,
                                    bool special) {
  std::vector<engine::TokenId> ids;
  if (special)
    tokenizer.encode_with_special(text, ids);
  else
    tokenizer.encode(text, ids);
  return ids;
}

Result<ExitCode> encode_text(const Options& options, const engine::Tokenizer& tokenizer) {
  FATHOM_TRY(text, options.file.empty() ? read_stdin(kMaxTextBytes)
                                        : read_text_file(options.file, kMaxTextBytes));
  const std::vector<engine::TokenId> ids = encode(tokenizer, text, options.special);
  if (options.json && options.count)
    write_json({{"count", ids.size()}});
  else if (options.json)
    write_json({{"tokens", ids}, {"count", ids.size()}});
  else if (options.count)
    write_out(fmt::format("{}\n", ids.size()));
  else
    write_out(format_token_ids(ids) + "\n");
  return ExitCode::ok;
}

/// One JSON string in, one JSON array out, line by line.
Result<ExitCode> encode_lines(const Options& options, const engine::Tokenizer& tokenizer) {
  std::string line;
  for (size_t number = 1; std::getline(std::cin, line); ++number) {
    const Json text = Json::parse(line, nullptr, false);
    if (!text.is_string())
      return fail(ErrorCode::invalid_argument,
                  "line {} of stdin is not a JSON string; --lines takes one string a line", number);
    const std::vector<engine::TokenId> ids =
        encode(tokenizer, text.get_ref<const std::string&>(), options.special);
    write_out((options.count ? Json(ids.size()) : Json(ids)).dump() + "\n");
  }
  return ExitCode::ok;
}

Result<ExitCode> decode(const Options& options, const engine::Tokenizer& tokenizer) {
  std::string source = *options.decode;
  if (source == "-") {
    FATHOM_TRY(text, read_stdin(kMaxTextBytes));
    source = std::move(text);
  }
  FATHOM_TRY(ids, parse_token_ids(source));
  std::string text;
  for (const engine::TokenId id : ids) {
    if (id >= tokenizer.vocab_size())
      return fail(ErrorCode::invalid_argument, "there is no token {}: the vocabulary has {}", id,
                  tokenizer.vocab_size());
    if (options.special || !tokenizer.is_special(id)) text += tokenizer.bytes(id);
  }
  if (options.json) {
    write_json({{"text", text}});
  } else {
    write_out(text);
    end_text(text);
  }
  return ExitCode::ok;
}

Result<ExitCode> tokenize(const Options& options) {
  FATHOM_TRY(tokenizer, load_tokenizer(options.model));
  if (options.decode) return decode(options, *tokenizer);
  if (options.lines) return encode_lines(options, *tokenizer);
  return encode_text(options, *tokenizer);
}

}  // namespace

Action add_tokenize(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("FILE", options->file, "the text (default: stdin)");
  command
      .add_option("--model", options->model,
                  "model, tokenizer.json or vocabulary-only GGUF (default: the built-in model)")
      ->type_name("PATH");
  accept_engine_options(command);
  add_json_option(command, options->json);
  command.add_flag("--count", options->count, "print how many tokens there are instead of them");
  CLI::Option* decode_option =
      command
          .add_option("--decode", options->decode,
                      "print the text of these ids (1,2,3; - reads them from stdin)")
          ->type_name("IDS");
  command.add_flag("--special", options->special,
                   "read spelled-out special tokens as such, and show them when decoding");
  command
      .add_flag("--lines", options->lines,
                "every line of stdin is a JSON string, every line of output its array of ids")
      ->excludes("FILE")
      ->excludes(decode_option);
  return [options] { return tokenize(*options); };
}

}  // namespace fathom::cli
