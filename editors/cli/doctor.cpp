// fathom doctor: what works on this machine, what does not, and what to do about it.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "cuda/cuda_backend.h"
#include "cuda/nccl_communicator.h"
#include "editors/cli/command.h"
#include "editors/cli/doctor_checks.h"
#include "editors/cli/model_options.h"
#include "editors/cli/model_summary.h"
#include "editors/cli/output.h"
#include "editors/cli/socket_option.h"
#include "editors/cli/source_file.h"
#include "editors/cli/wait.h"
#include "engine/base/system.h"
#include "engine/generator.h"

namespace fathom::cli {
namespace {

namespace fs = std::filesystem;
using completion::Completion;
using engine::SpecialRole;

struct Options {
  ModelOptions model;
  std::string socket;  // "": the usual one
  bool json = false;
};

constexpr const char* name_of(Level level) {
  constexpr const char* kNames[] = {"ok", "warn", "fail"};
  return kNames[static_cast<int>(level)];
}

Check failed(std::string name, const Error& error) {
  return {.name = std::move(name), .level = Level::fail, .detail = error.message, .advice = ""};
}

Check check_version() {
  return {.name = "version",
          .detail = fmt::format("fathom {}, compiled with {}", FATHOM_VERSION, __VERSION__)};
}

Check check_cpu() {
  const char* forced = std::getenv("FATHOM_CPU");
  return {.name = "cpu",
          .detail = fmt::format("{}; backends: {}{}", cpu_name(),
                                fmt::join(engine::available_backends(), ", "),
                                forced ? fmt::format("; FATHOM_CPU={}", forced) : "")};
}

Check check_gpu() {
  const cuda::Devices devices = cuda::find_devices();
  Check check = {.name = "gpu", .detail = devices.remark};
  for (const cuda::DeviceInfo& device : devices.usable) {
    check.detail +=
        fmt::format("{}{}, {:.0f} of {:.0f} GB free, compute capability {}.{}",
                    check.detail.empty() ? "" : "; ", device.name,
                    double(cuda::free_memory_bytes(device)) / 1e9,
                    double(device.memory_bytes) / 1e9, device.compute_major, device.compute_minor);
  }
  if (devices.usable.size() > 1) {
    const auto nccl = cuda::nccl_version();
    check.detail +=
        nccl ? fmt::format("; NCCL {}", *nccl) : fmt::format("; {}", nccl.error().message);
    if (!nccl) {
      check.level = Level::warn;
      check.advice = "a model that needs several of them runs on one after the other until then";
    }
  }
  return check;
}

Check check_memory(const ModelSummary& model) {
  const std::optional<uint64_t> available = available_memory_bytes();
  const int64_t needed = model.total_bytes.value_or(int64_t(model.weight_bytes));
  Check check = {.name = "memory",
                 .detail = fmt::format("{:.0f} MB available, {:.0f} MB needed by the model",
                                       double(available.value_or(0)) / 1e6, double(needed) / 1e6)};
  if (available && *available < uint64_t(needed)) {
    check.level = Level::warn;
    check.advice =
        "close something large or take a smaller model: it would read from disk all the time";
  }
  return check;
}

/// Text that spells a special token must stay text: else a comment could move the hole.
bool keeps_text_as_text(const engine::Tokenizer& tokenizer, engine::TokenId special) {
  for (const engine::TokenId id : tokenizer.encode(tokenizer.bytes(special)))
    if (id == special) return false;
  return true;
}

Check check_tokenizer(const engine::Tokenizer& tokenizer) {
  constexpr std::string_view kText =
      "int main() {\n\treturn 0x1F; // \xc3\xa9\xe6\xbc\xa2\xff\n}\n";
  Check check = {.name = "tokenizer", .detail = fmt::format("{} tokens", tokenizer.vocab_size())};
  if (tokenizer.decode(tokenizer.encode(kText)) != kText) {
    check.level = Level::fail;
    check.detail += "; a text does not survive encoding and decoding";
    check.advice = "the tokenizer of this model is broken; download the model again";
  }
  return check;
}

Check check_fim_markers(const engine::Generator& engine) {
  const std::optional<engine::FimTraits>& fim = engine.traits().fim;
  const engine::Tokenizer& tokenizer = engine.tokenizer();
  const std::string& refusal = engine.traits().fim_refusal;
  if (!fim)
    return {.name = "fill-in markers",
            .level = Level::warn,
            .detail = "this model was not trained to fill in the middle" +
                      (refusal.empty() ? "" : ": " + refusal),
            .advice = refusal.empty()
                          ? "completions see only what is before the cursor; take a base model "
                            "with fill-in-the-middle for better ones"
                          : "it completes nothing; take a base model, or try --force-fim"};
  Check check = {.name = "fill-in markers"};
  for (const engine::TokenId id : {fim->begin, fim->hole, fim->end}) {
    check.detail += fmt::format("{} = {}  ", printable(tokenizer.bytes(id)), id);
    if (!keeps_text_as_text(tokenizer, id)) {
      check.level = Level::fail;
      check.advice =
          "a marker spelled out in a file would be taken for the marker; report this model";
    }
  }
  return check;
}

Check check_chat(const engine::ModelTraits& traits) {
  if (traits.has_unknown_chat_template) {
    return {.name = "chat template",
            .level = Level::warn,
            .detail = "the chat template is not one fathom knows",
            .advice = "this model explains nothing; docs/prompts.md lists the templates"};
  }
  return {.name = "chat template",
          .detail = traits.chat ? std::string(name_of(traits.chat->format))
                                : "none: a base model, which explains nothing"};
}

Check check_completion(completion::Assistant& assistant) {
  const std::string text = "def add(a, b):\n    return \n";
  const size_t cursor = text.find("return ") + 7;
  const auto completion = wait_for<Result<Completion>>([&](auto on_done) {
    assistant.complete({.snapshot = make_snapshot("probe.py", text),
                        .cursor = cursor,
                        .trigger = completion::Trigger::invoked,
                        .cancel = {}},
                       on_done);
  });
  if (!completion) return failed("completion", completion.error());
  return {.name = "completion",
          .detail = fmt::format(
              "`return ` was completed with {} in {:.0f} ms ({})",
              Json(completion->text).dump(-1, ' ', false, Json::error_handler_t::replace),
              completion->ms_total, completion->stop)};
}

Check check_speed(engine::Generator& engine) {
  constexpr double kComfortable = 15;  // tokens/s below which people stop waiting for a line
  const auto result = engine::generate(
      engine, {.prompt = engine.tokenizer().encode("for (int i = 0; i < n; ++i) {\n"),
               .max_tokens = 33,
               .ignore_end_tokens = true});
  if (!result) return failed("speed", result.error());
  const double speed =
      1e3 * double(result->tokens.size() - 1) / (result->ms_total - result->ms_first_token);
  Check check = {.name = "speed", .detail = fmt::format("{:.1f} tokens/s", speed)};
  if (speed < kComfortable) {
    check.level = Level::warn;
    check.advice = "slow for typing; see `fathom bench`, or take a smaller or more quantised model";
  }
  return check;
}

/// Where text goes, or what computes here.
Check check_engine(const completion::Runtime& runtime, const ModelOptions& model,
                   const std::string& name) {
  const engine::EngineInfo& info = runtime.info();
  if (runtime.remote())
    return {.name = "server",
            .detail = fmt::format("text goes to {}: {}; it has this model's vocabulary, asked in "
                                  "{:.0f} ms",
                                  completion::origin_of(model.remote), printable(info.device),
                                  info.ms_load)};
  return {.name = "engine",
          .detail = fmt::format("{} on {} ({}), loaded in {:.0f} ms", name, info.backend,
                                info.device, info.ms_load)};
}

/// Everything that needs the model; ends at the first thing without which the rest cannot be.
void check_model(const Options& options, std::vector<Check>& checks) {
  ModelOptions model = configured(options.model, read_config().values);
  model.disk_cache_mb = 0;  // what is measured is computed
  const bool is_remote = !model.remote.url.empty();
  const auto location = completion::locate_model(model.model);
  if (!location) return checks.push_back(failed("model", location.error()));
  const auto checkpoint = completion::open_model(model.model);
  if (!checkpoint) return checks.push_back(failed("model", checkpoint.error()));
  checks.push_back({.name = "model", .detail = location->description});
  if (!is_remote) checks.push_back(check_memory(summarise(**checkpoint)));

  Log log = stderr_log(options.model.verbose);
  const auto runtime = start_runtime(model, log);
  if (!runtime) return checks.push_back(failed(is_remote ? "server" : "engine", runtime.error()));
  engine::Generator& engine = (*runtime)->generator();
  checks.push_back(check_engine(**runtime, model, engine.traits().name));
  checks.push_back(check_tokenizer(engine.tokenizer()));
  checks.push_back(check_fim_markers(engine));
  checks.push_back(check_chat(engine.traits()));
  if (engine.traits().fim_refusal.empty())
    checks.push_back(check_completion((*runtime)->assistant()));
  checks.push_back(check_speed(engine));
}

bool is_in_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "";
  while (!rest.empty()) {
    const size_t colon = std::min(rest.find(':'), rest.size());
    std::error_code error;
    if (fs::is_regular_file(fs::path(rest.substr(0, colon)) / program, error)) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

Check check_editors() {
  std::vector<std::string_view> found;
  for (const std::string_view editor : {"nvim", "code", "codium", "hx", "emacs", "zed"})
    if (is_in_path(editor)) found.push_back(editor);
  if (!found.empty())
    return {.name = "editors", .detail = fmt::format("{}", fmt::join(found, ", "))};
  return {.name = "editors",
          .level = Level::warn,
          .detail = "none that is known was found in PATH",
          .advice =
              "any client of the language server protocol can run `fathom lsp --standalone`; "
              "Neovim from 0.12 shows completions as you type"};
}

void print(const std::vector<Check>& checks) {
  for (const Check& c : checks) {
    write_out(fmt::format("{:<5} {:<16} {}\n", name_of(c.level), c.name, printable(c.detail)));
    if (!c.advice.empty()) write_out(fmt::format("{:22} -> {}\n", "", c.advice));
  }
}

Json to_json(const std::vector<Check>& checks, bool ok) {
  Json list = Json::array();
  for (const Check& c : checks)
    list.push_back({{"name", c.name},
                    {"status", name_of(c.level)},
                    {"detail", c.detail},
                    {"advice", c.advice}});
  return {{"version", FATHOM_VERSION}, {"ok", ok}, {"checks", list}};
}

Result<ExitCode> doctor(const Options& options) {
  std::vector<Check> checks = {check_version(), check_cpu(), check_gpu()};
  checks.push_back(check_config());
  check_model(options, checks);
  checks.push_back(check_index());
  checks.push_back(check_runtime_folder());
  checks.push_back(check_state_folder());
  check_daemon(options.socket, checks);
  checks.push_back(check_editors());

  bool ok = true;
  for (const Check& c : checks) ok = ok && c.level != Level::fail;
  if (options.json)
    write_json(to_json(checks, ok));
  else
    print(checks);
  return ok ? ExitCode::ok : ExitCode::findings;
}

}  // namespace

Action add_doctor(CLI::App& command) {
  auto options = std::make_shared<Options>();
  add_model_options(command, options->model);
  add_socket_option(command, options->socket);
  add_json_option(command, options->json);
  command.footer(
      "Tries the configuration, the model, the index of the current folder and the daemon, and\n"
      "says what to do about each finding. Exit status: 0 what is needed works, 1 it does not.");
  return [options] { return doctor(*options); };
}

}  // namespace fathom::cli
