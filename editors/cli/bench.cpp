// fathom bench: how fast the engine is here, and which operation takes the time.

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "cuda/cuda_backend.h"
#include "editors/cli/command.h"
#include "editors/cli/interrupt.h"
#include "editors/cli/model_options.h"
#include "editors/cli/op_profile.h"
#include "editors/cli/output.h"
#include "editors/cli/statistics.h"
#include "engine/base/processors.h"
#include "engine/base/system.h"
#include "engine/cpu/roofs.h"
#include "engine/generator.h"
#include "engine/kv_memory.h"

namespace fathom::cli {
namespace {

struct Options {
  ModelOptions model;
  int prompt_tokens = 512;
  int max_tokens = 64;
  int repeat = 3;
  std::string cache_type;  // "": the engine's own choice
  bool json = false;
};

/// New tokens behind a prompt that is in the cache: about a line of code.
constexpr int kNewTokens = 16;

struct Speeds {
  std::vector<double> prefill_tokens_per_s;
  std::vector<double> decode_tokens_per_s;
  std::vector<double> decode_tokens_per_s_empty;
  std::vector<double> ms_first_token_cold;
  std::vector<double> ms_first_token_warm;
  std::vector<double> ms_first_token_new;
};

/// Of what follows the first token, which comes with the prefill.
double decode_tokens_per_s(const engine::GenerateResult& run) {
  return 1e3 * double(run.tokens.size() - 1) / (run.ms_total - run.ms_first_token);
}

/// Source code, repeated: text of the kind that the model will see, so that the choice of experts
/// is realistic.
constexpr std::string_view kSample = R"(
std::optional<size_t> find_line(std::string_view text, size_t number) {
  size_t begin = 0;
  for (size_t line = 1; line < number; ++line) {
    const size_t newline = text.find('\n', begin);
    if (newline == std::string_view::npos) return std::nullopt;
    begin = newline + 1;
  }
  return begin;
}
)";

std::vector<engine::TokenId> sample_prompt(const engine::Tokenizer& tokenizer, int n_tokens) {
  std::vector<engine::TokenId> ids;
  while (ids.size() < size_t(n_tokens)) tokenizer.encode(kSample, ids);
  ids.resize(size_t(n_tokens));
  return ids;
}

Result<Speeds> measure(engine::EngineThread& engine, const Options& options,
                       const std::vector<engine::TokenId>& prompt) {
  const CancelToken cancel = cancel_on_interrupt();
  const auto run = [&](std::vector<engine::TokenId> tokens, int max_tokens) {
    return engine::generate(engine, {.prompt = std::move(tokens),
                                     .max_tokens = max_tokens,
                                     .ignore_end_tokens = true,
                                     .cancel = cancel});
  };
  std::vector<engine::TokenId> longer = prompt;
  longer.insert(longer.end(), kNewTokens, prompt.front());
  // The first run pays for memory that was not used before.
  FATHOM_CHECK(run(prompt, 1));

  Speeds speeds;
  for (int i = 0; i < options.repeat; ++i) {
    engine.clear_cache();
    FATHOM_TRY(empty, run({prompt.front()}, options.max_tokens));
    engine.clear_cache();
    FATHOM_TRY(cold, run(prompt, options.max_tokens));
    FATHOM_TRY(warm, run(prompt, 1));
    FATHOM_TRY(next, run(longer, 1));
    speeds.prefill_tokens_per_s.push_back(1e3 * double(prompt.size()) / cold.ms_first_token);
    speeds.ms_first_token_cold.push_back(cold.ms_first_token);
    speeds.ms_first_token_warm.push_back(warm.ms_first_token);
    speeds.ms_first_token_new.push_back(next.ms_first_token);
    speeds.decode_tokens_per_s.push_back(decode_tokens_per_s(cold));
    speeds.decode_tokens_per_s_empty.push_back(decode_tokens_per_s(empty));
  }
  return speeds;
}

/// What as many threads as the engine uses can do at most; 0 where that is unknown.
struct Roofs {
  double bytes_per_s = 0;
  double products_per_s = 0;
};

Roofs measure_roofs(const std::string& backend, int n_threads) {
  if (backend == "cuda") return {.bytes_per_s = cuda::measure_copy_bandwidth()};
  ThreadPool pool(effective_threads(n_threads));
  return {.bytes_per_s = engine::cpu::measure_read_bandwidth(pool),
          .products_per_s = engine::cpu::measure_product_rate(pool)};
}

/// The larger share of what the machine can do at most: of reading or of multiplying.
double share_of_roof(const engine::OpTime& op, const Roofs& roofs) {
  const auto share = [&](uint64_t n, double per_s) {
    return per_s > 0 && op.seconds > 0 ? double(n) / op.seconds / per_s : 0.0;
  };
  return std::max(share(op.weight_bytes, roofs.bytes_per_s),
                  share(op.products, roofs.products_per_s));
}

void add_ops(Json& list, const char* phase, const std::vector<engine::OpTime>& times,
             const Roofs& roofs) {
  double total = 0;
  for (const engine::OpTime& t : times) total += t.seconds;
  for (const engine::OpTime& t : times)
    list.push_back(
        {{"phase", phase},
         {"op", t.op},
         {"calls", t.calls},
         {"ms", 1e3 * t.seconds},
         {"share", total > 0 ? t.seconds / total : 0.0},
         {"weight_bytes_per_s", t.seconds > 0 ? double(t.weight_bytes) / t.seconds : 0.0},
         {"products_per_s", t.seconds > 0 ? double(t.products) / t.seconds : 0.0},
         {"roof_fraction", share_of_roof(t, roofs)}});
}

void print(const Json& json) {
  const auto line = [&](const char* label, const char* key, const char* unit) {
    write_out(fmt::format("{:<24} {:>9.1f} {}\n", label, json[key].get<double>(), unit));
  };
  write_out(fmt::format("{} on {} ({})\n", json["model"].get<std::string>(),
                        json["backend"].get<std::string>(), json["cpu"].get<std::string>()));
  line("prefill", "prefill_tokens_per_s", "tokens/s");
  line("decode", "decode_tokens_per_s", "tokens/s");
  line("decode, nothing before", "decode_tokens_per_s_empty", "tokens/s");
  line("first token, cold", "ms_first_token_cold", "ms");
  line("first token, warm", "ms_first_token_warm", "ms");
  line("... and 16 new tokens", "ms_first_token_new", "ms");
  write_out(fmt::format("{:<24} {:>9.1f} % of {:.1f} GB/s measured\n", "memory bandwidth, decode",
                        100 * json["bandwidth_fraction"].get<double>(),
                        json["bandwidth_bytes_per_s"].get<double>() / 1e9));
  write_out(fmt::format("{:<24} {:>9.1f} MB\n", "most memory resident",
                        json["peak_rss_bytes"].get<double>() / 1e6));
  write_out(fmt::format("{:<24} {:>9.1f} G/s measured\n", "integer products",
                        json["products_per_s"].get<double>() / 1e9));
  write_out(fmt::format("\n{:<8} {:<18} {:>7} {:>9} {:>7} {:>9} {:>9} {:>7}\n", "phase",
                        "operation", "calls", "ms", "share", "GB/s", "Gprod/s", "roof"));
  for (const Json& op : json["ops"])
    write_out(fmt::format(
        "{:<8} {:<18} {:>7} {:>9.2f} {:>6.1f}% {:>9.2f} {:>9.1f} {:>6.1f}%\n",
        op["phase"].get<std::string>(), op["op"].get<std::string>(), op["calls"].get<int64_t>(),
        op["ms"].get<double>(), 100 * op["share"].get<double>(),
        op["weight_bytes_per_s"].get<double>() / 1e9, op["products_per_s"].get<double>() / 1e9,
        100 * op["roof_fraction"].get<double>()));
}

Result<ExitCode> bench(const Options& options) {
  Log log = stderr_log(options.model.verbose);
  // The prompt repeats itself: what follows it could be guessed, and would tell nothing.
  FATHOM_TRY(checkpoint, completion::open_model(options.model.model));
  engine::DType cache_type = engine::default_cache_type(checkpoint->size_bytes());
  for (const engine::DType type : engine::kAllDTypes)
    if (engine::info(type).name == options.cache_type) cache_type = type;
  FATHOM_TRY(engine,
             start_engine(options.model,
                          {.cache_type = cache_type, .speculate = false, .pack_first = true}, log));
  const engine::EngineInfo info = engine->info();
  const std::string name = engine->traits().name;
  const std::vector<engine::TokenId> prompt =
      sample_prompt(engine->tokenizer(), options.prompt_tokens);
  FATHOM_TRY(speeds, measure(*engine, options, prompt));
  // What follows is not what the engine needs.
  const uint64_t peak_rss_bytes = peak_resident_bytes();
  engine.reset();

  FATHOM_TRY(profile, profile_ops(checkpoint, info.backend, options.model.n_threads.value_or(0),
                                  cache_type, prompt, std::min(options.max_tokens, 32)));
  const Roofs roofs = measure_roofs(info.backend, options.model.n_threads.value_or(0));
  const double decode = median(speeds.decode_tokens_per_s);

  Json json = {
      {"model", name},
      {"backend", info.backend},
      {"device", info.device},
      {"cpu", fmt::format("{}; {}", cpu_name(), info.device)},
      {"prompt_tokens", options.prompt_tokens},
      {"max_tokens", options.max_tokens},
      {"repeat", options.repeat},
      {"cache_type", engine::info(cache_type).name},
      {"prefill_tokens_per_s", median(speeds.prefill_tokens_per_s)},
      {"decode_tokens_per_s", decode},
      {"decode_tokens_per_s_empty", median(speeds.decode_tokens_per_s_empty)},
      {"ms_first_token_cold", median(speeds.ms_first_token_cold)},
      {"ms_first_token_warm", median(speeds.ms_first_token_warm)},
      {"ms_first_token_new", median(speeds.ms_first_token_new)},
      {"new_tokens", kNewTokens},
      {"ms_load", info.ms_load},
      {"bytes_per_token", info.model.bytes_per_token},
      {"bandwidth_bytes_per_s", roofs.bytes_per_s},
      {"bandwidth_fraction", roofs.bytes_per_s > 0
                                 ? decode * double(info.model.bytes_per_token) / roofs.bytes_per_s
                                 : 0.0},
      {"products_per_s", roofs.products_per_s},
      {"peak_rss_bytes", peak_rss_bytes},
      {"ops", Json::array()}};
  add_ops(json["ops"], "prefill", profile.prefill, roofs);
  add_ops(json["ops"], "decode", profile.decode, roofs);
  if (options.json)
    write_json(json);
  else
    print(json);
  return ExitCode::ok;
}

}  // namespace

Action add_bench(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  command
      .add_option("--prompt-tokens", options->prompt_tokens, "length of the prompt (default: 512)")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->type_name("N");
  command.add_option("--max-tokens", options->max_tokens, "tokens to decode (default: 64)")
      ->check(CLI::Range(2, 1 << 20).description(""))
      ->type_name("N");
  command.add_option("--repeat", options->repeat, "runs; medians are shown (default: 3)")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N");
  command
      .add_option("--cache-type", options->cache_type,
                  "what keys and values are kept as: f32, bf16 or q8_0 (default: f32 for models "
                  "below 256 MB, bf16 for others)")
      ->check(CLI::IsMember({"f32", "bf16", "q8_0"}).description(""))
      ->type_name("TYPE");
  add_json_option(command, options->json);

  CLI::App* typing = command.add_subcommand(
      "typing", "replays a recorded editing session through the whole completion pipeline");
  typing->group("Subcommands");
  const Action run_typing = add_bench_typing(*typing);
  CLI::App* speculation = command.add_subcommand(
      "speculation", "what guessing tokens ahead gains where somebody edits code");
  speculation->group("Subcommands");
  const Action run_speculation = add_bench_speculation(*speculation);
  return [=] {
    if (typing->parsed()) return run_typing();
    return speculation->parsed() ? run_speculation() : bench(*options);
  };
}

}  // namespace fathom::cli
