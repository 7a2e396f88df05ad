// fathom inspect: what is in a model file and whether fathom can run it.

#include <memory>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "editors/cli/command.h"
#include "editors/cli/model_options.h"
#include "editors/cli/model_summary.h"
#include "editors/cli/output.h"
#include "engine/model.h"
#include "engine/read_traits.h"
#include "engine/tokenizer/tokenizer.h"

namespace fathom::cli {
namespace {

using engine::Checkpoint;
using engine::SpecialRole;
using engine::Tokenizer;

struct Options {
  std::string model;
  bool tensors = false;
  bool json = false;
};

struct RoleName {
  SpecialRole role;
  const char* name;
};

constexpr RoleName kRoles[] = {
    {SpecialRole::bos, "bos"},
    {SpecialRole::eos, "eos"},
    {SpecialRole::pad, "pad"},
    {SpecialRole::end_of_turn, "end_of_turn"},
    {SpecialRole::fim_begin, "fim_begin"},
    {SpecialRole::fim_hole, "fim_hole"},
    {SpecialRole::fim_end, "fim_end"},
    {SpecialRole::user, "user"},
    {SpecialRole::assistant, "assistant"},
    {SpecialRole::think_begin, "think_begin"},
    {SpecialRole::think_end, "think_end"},
};

Json or_null(const std::optional<int64_t>& value) { return value ? Json(*value) : Json(nullptr); }

Json special_tokens(const Tokenizer& tokenizer) {
  Json tokens = Json::object();
  for (const RoleName& r : kRoles)
    if (const std::optional<engine::TokenId> id = tokenizer.special(r.role))
      tokens[r.name] = {{"id", *id}, {"text", tokenizer.bytes(*id)}};
  return tokens;
}

Json tensor_list(const Checkpoint& checkpoint) {
  Json list = Json::array();
  for (const engine::TensorInfo& t : checkpoint.tensors())
    list.push_back(
        {{"name", t.name}, {"type", t.type_name}, {"shape", t.shape}, {"bytes", t.bytes.size()}});
  return list;
}

/// Why fathom cannot run the model; empty if nothing speaks against it.
std::vector<std::string> obstacles(const Checkpoint& checkpoint, const ModelSummary& s,
                                   const Result<engine::ConfigNotes>& notes,
                                   const Result<std::shared_ptr<const Tokenizer>>& tokenizer) {
  std::vector<std::string> found;
  if (!notes) found.push_back(notes.error().message);
  for (const std::string& type : s.unsupported_types)
    found.push_back(fmt::format("tensors of type {} cannot be computed with", type));
  if (checkpoint.tensors().empty()) found.push_back("there are no weights in it");
  if (!tokenizer) found.push_back("tokenizer: " + tokenizer.error().message);
  return found;
}

std::string_view name_of(engine::Reasoning reasoning) {
  constexpr std::string_view kNames[] = {"none", "optional", "by itself", "always"};
  return kNames[static_cast<int>(reasoning)];
}

/// What the model can be asked for: fill in the middle, chat, reasoning; null where unknown.
void describe_prompts(const Checkpoint& checkpoint, const Tokenizer& tokenizer, Json& json) {
  const auto traits = engine::read_traits(checkpoint, tokenizer);
  json["fim"] = traits ? Json(traits->fim.has_value()) : Json(nullptr);
  json["fim_refusal"] = traits ? traits->fim_refusal : "";
  json["chat_format"] = nullptr;
  json["reasoning"] = nullptr;
  if (!traits) return;
  if (traits->chat) {
    json["chat_format"] = engine::name_of(traits->chat->format);
    json["reasoning"] = name_of(traits->chat->reasoning);
  } else if (traits->has_unknown_chat_template) {
    json["chat_format"] = "unknown";
  }
}

Json describe(const Checkpoint& checkpoint, const Options& options) {
  const ModelSummary s = summarise(checkpoint);
  const auto tokenizer = Tokenizer::load(checkpoint);
  const auto notes = engine::check_architecture(checkpoint);
  const std::vector<std::string> found = obstacles(checkpoint, s, notes, tokenizer);

  Json types = Json::object();
  for (const auto& [name, count] : s.types)
    types[name] = {
        {"tensors", count.tensors}, {"parameters", count.parameters}, {"bytes", count.bytes}};

  Json json = {
      {"source", checkpoint.source()},
      {"name", s.name},
      {"format", checkpoint.format() == Checkpoint::Format::gguf ? "gguf" : "hugging_face"},
      {"architecture", checkpoint.architecture()},
      {"supported", found.empty()},
      {"obstacles", found},
      {"notes", notes.value_or(engine::ConfigNotes())},
      {"parameters", s.parameters},
      {"layers", or_null(s.layers)},
      {"dim", or_null(s.dim)},
      {"heads", or_null(s.heads)},
      {"kv_heads", or_null(s.kv_heads)},
      {"experts", or_null(s.experts)},
      {"active_experts", or_null(s.active_experts)},
      {"vocab_size", tokenizer ? Json((*tokenizer)->vocab_size()) : or_null(s.vocab)},
      {"context_length", or_null(s.context)},
      {"tensor_count", checkpoint.tensors().size()},
      {"types", types},
      {"memory",
       {{"weight_bytes", s.weight_bytes},
        {"cache_bytes_per_token", or_null(s.cache_bytes_per_token)},
        {fmt::format("total_bytes_at_{}_tokens", kQuotedContext), or_null(s.total_bytes)},
        {"total_bytes_at_full_context", or_null(s.total_bytes_at_context)}}},
      {"special_tokens", tokenizer ? special_tokens(**tokenizer) : Json::object()},
      {"adds_bos", tokenizer ? Json((*tokenizer)->adds_bos()) : Json(nullptr)},
      {"chat_template", tokenizer ? (*tokenizer)->chat_template() : ""}};
  if (tokenizer) describe_prompts(checkpoint, **tokenizer, json);
  if (options.tensors) json["tensors"] = tensor_list(checkpoint);
  return json;
}

std::string megabytes(const Json& bytes) {
  return bytes.is_null() ? "unknown" : fmt::format("{:.1f} MB", bytes.get<double>() / 1e6);
}

/// A value for people: texts without quotes, absent ones as "-".
std::string plain(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return printable(value.get<std::string>());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void print(const Json& json) {
  const auto line = [](std::string_view key, std::string_view value) {
    write_out(fmt::format("{:<16} {}\n", key, value));
  };
  for (const char* key :
       {"source", "name", "format", "architecture", "parameters", "layers", "dim", "heads",
        "kv_heads", "experts", "active_experts", "vocab_size", "context_length", "tensor_count"})
    line(key, plain(json[key]));

  for (const auto& [name, count] : json["types"].items())
    line(fmt::format("  {}", printable(name)),
         fmt::format("{} tensors, {}", plain(count["tensors"]), megabytes(count["bytes"])));

  const Json& memory = json["memory"];
  line("memory", fmt::format("{} weights, {} cache a token, {} with 4096 tokens, {} with all",
                             megabytes(memory["weight_bytes"]),
                             memory["cache_bytes_per_token"].is_null()
                                 ? "unknown"
                                 : fmt::format("{} bytes", plain(memory["cache_bytes_per_token"])),
                             megabytes(memory["total_bytes_at_4096_tokens"]),
                             megabytes(memory["total_bytes_at_full_context"])));
  for (const auto& [role, token] : json["special_tokens"].items())
    line(fmt::format("  {}", role),
         fmt::format("{:>7}  {}", plain(token["id"]), plain(token["text"])));
  const std::string chat_template = plain(json["chat_template"]);
  line("chat template",
       chat_template.empty() ? "-" : fmt::format("{} bytes", chat_template.size()));
  if (json.contains("fim")) {
    const std::string refusal = plain(json["fim_refusal"]);
    const std::string no = refusal.empty() ? "no: the tokenizer has no markers" : "no: " + refusal;
    line("fill-in-middle", json["fim"] == true ? "yes" : json["fim"].is_null() ? "-" : no);
    line("chat format", json["chat_format"] == "unknown"
                            ? "the chat template is not one fathom knows"
                            : plain(json["chat_format"]));
    line("reasoning", plain(json["reasoning"]));
  }
  if (json.contains("tensors"))
    for (const Json& t : json["tensors"])
      write_out(
          fmt::format("{:<12} {:<20} {}\n", plain(t["type"]), t["shape"].dump(), plain(t["name"])));

  line("runs in fathom", json["supported"] ? "yes" : "no");
  for (const Json& obstacle : json["obstacles"]) write_out("  " + plain(obstacle) + "\n");
  for (const Json& note : json["notes"]) line("note", plain(note));
}

Result<ExitCode> inspect(const Options& options) {
  FATHOM_TRY(checkpoint, completion::open_model(options.model));
  const Json json = describe(*checkpoint, options);
  if (options.json)
    write_json(json);
  else
    print(json);
  return ExitCode::ok;
}

}  // namespace

Action add_inspect(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command
      .add_option("MODEL,--model", options->model,
                  "GGUF file, Hugging Face folder, or name of a model (default: the built-in one)")
      ->type_name("PATH");
  accept_engine_options(command);
  command.add_flag("--tensors", options->tensors, "list every tensor");
  add_json_option(command, options->json);
  return [options] { return inspect(*options); };
}

}  // namespace fathom::cli
