#include "completion/remote/discover.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "completion/remote/read_json.h"

namespace fathom::completion {
namespace {

namespace asio = boost::asio;
using engine::TokenId;

/// Text whose tokens tell vocabularies apart: blanks, names, numbers, other scripts.
constexpr std::string_view kProbe =
    "def add(a, b):\n    return a + b  # 1234567 \xc3\xa9\xe6\xbc\xa2\xf0\x9f\x99\x82\n\t\tif "
    "(!isEmptyOrNull) {}\r\n";

constexpr size_t kMaxNameBytes = 200;
constexpr std::string_view kVllm = "vLLM";
constexpr int kOllamaContext = 4096;  // unless its model or its user says otherwise

/// Nobody wants a piece of an answer.
const HttpClient::OnBody kWhole;

std::string cut(std::string text) {
  if (text.size() > kMaxNameBytes) text.resize(kMaxNameBytes);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return text;
}

/// The probe with special tokens spelled out: the markers of prompts must be the same, too.
std::string probe_with_special(const engine::Tokenizer& tokenizer) {
  using enum engine::SpecialRole;
  std::string probe(kProbe);
  for (const engine::SpecialRole role : {fim_begin, fim_hole, fim_end, eos, user, assistant})
    if (const std::optional<TokenId> id = tokenizer.special(role)) probe += tokenizer.bytes(*id);
  return probe;
}

Status other_vocabulary(const std::string& origin) {
  return fail(ErrorCode::unsupported,
              "{} runs a model with another vocabulary than the one that fathom makes prompts "
              "with. Set engine.model (engine.reasoning_model for remote.reasoning_url) to the "
              "model that the server runs; only its vocabulary is read",
              origin);
}

/// Of servers that tokenise.
asio::awaitable<Status> check_vocabulary(HttpClient& client, HttpCall& call,
                                         const std::string& origin, const std::string& model,
                                         const engine::Tokenizer& tokenizer, bool with_special) {
  const std::string probe = with_special ? probe_with_special(tokenizer) : std::string(kProbe);
  // llama-server and fathom read the first group of members, vLLM and SGLang the second.
  const Json body = {{"content", probe}, {"add_special", false},        {"parse_special", true},
                     {"prompt", probe},  {"add_special_tokens", false}, {"model", model}};
  const HttpRequest request{.path = "/tokenize", .body = body.dump()};
  HttpResult result = co_await client.send(request, call, kWhole);
  if (!result) co_return tl::unexpected(std::move(result.error().error));
  if (result->status != 200) co_return Status();  // it does not tokenise
  const Result<Json> json = parse_object(result->body);
  const Json* tokens = json ? find(*json, "tokens") : nullptr;
  if (!tokens || !tokens->is_array()) co_return Status();
  std::vector<TokenId> ours;
  if (with_special) {
    tokenizer.encode_with_special(probe, ours);
  } else {
    tokenizer.encode(probe, ours);
  }
  const bool same = std::ranges::equal(*tokens, ours, [](const Json& theirs, TokenId id) {
    return as_integer(theirs) == std::optional<int64_t>(id);
  });
  if (!same) co_return other_vocabulary(origin);
  co_return Status();
}

/// llama-server says what it is at /props; nothing: it is none.
std::optional<Discovered> read_props(const HttpAnswer& answer,
                                     std::shared_ptr<const engine::Tokenizer> tokenizer) {
  const Result<Json> props = parse_object(answer.body);
  const Json* settings = props ? find(*props, "default_generation_settings") : nullptr;
  if (answer.status != 200 || !settings) return std::nullopt;
  std::string model = text_in(*props, "model_alias");
  if (model.empty()) model = text_in(*props, "model_path");
  return Discovered{.protocol = llama_server_protocol(std::move(tokenizer)),
                    .kind = "llama-server",
                    .model = cut(model.substr(model.rfind('/') + 1)),
                    .context_tokens = static_cast<int>(integer_in(*settings, "n_ctx").value_or(0)),
                    .n_slots = static_cast<int>(integer_in(*props, "total_slots").value_or(0))};
}

Result<Discovered> read_models(const std::string& origin, const HttpAnswer& answer,
                               const std::string& wanted) {
  const Result<Json> models = parse_object(answer.body);
  const Json* data = models ? find(*models, "data") : nullptr;
  if (!data || !data->is_array())
    return fail(ErrorCode::unsupported, "{} is neither llama-server nor OpenAI-compatible", origin);
  std::vector<std::string> names;
  for (const Json& model : *data) {
    const std::string id = text_in(model, "id");
    names.push_back(cut(id));
    if (id != wanted && !(wanted.empty() && data->size() == 1)) continue;
    const bool is_vllm = text_in(model, "owned_by") == "vllm";
    return Discovered{
        .kind = std::string(is_vllm ? kVllm : "OpenAI-compatible"),
        .model = id,
        .context_tokens = static_cast<int>(integer_in(model, "max_model_len").value_or(0))};
  }
  if (wanted.empty())
    return fail(ErrorCode::not_found,
                "{} has {} models: name one of them in remote.model (remote.reasoning_model for "
                "remote.reasoning_url): {}",
                origin, names.size(), fmt::join(names, ", "));
  return fail(ErrorCode::not_found, "{} has no model '{}'; it has: {}", origin, wanted,
              fmt::join(names, ", "));
}

/// Finds out what the server has by asking for a token: as much as it takes, else less.
asio::awaitable<Status> try_features(HttpClient& client, HttpCall& call, const std::string& origin,
                                     std::shared_ptr<const engine::Tokenizer> tokenizer,
                                     Discovered& found) {
  const OpenAiFeatures tries[] = {
      {.model = found.model, .has_token_ids = true},
      {.model = found.model},
      {.model = found.model, .takes_tokens = false},
      {.model = found.model, .lays_out = true, .completes = false},
  };
  Ask ask{.prompt = tokenizer->encode("a"), .n_tokens = 1, .n_candidates = 2};
  ask.conversation = std::make_shared<const engine::Conversation>(
      engine::Conversation{.turns = {{.role = "user", .text = "a"}}, .n_tokens = 1});
  Error error;
  bool has_completions = true;
  for (const OpenAiFeatures& features : tries) {
    if (features.completes && !has_completions) continue;
    found.protocol = openai_protocol(tokenizer, features);
    const HttpRequest request{.path = found.protocol->path(ask), .body = found.protocol->body(ask)};
    HttpResult result = co_await client.send(request, call, kWhole);
    if (!result) co_return tl::unexpected(std::move(result.error().error));
    const Result<ServerReply> reply = result->status == 200
                                          ? found.protocol->read(result->body)
                                          : tl::unexpected(status_error(origin, *result));
    if (reply && (!features.has_token_ids || !reply->tokens.empty())) co_return Status();
    has_completions = result->status != 404 && result->status != 405 && result->status != 501;
    const bool refused = result->status == 200 || result->status == 400 || result->status == 422;
    error = reply ? Error{ErrorCode::unsupported, "it generates nothing"} : reply.error();
    if (has_completions && !refused) break;
  }
  co_return tl::unexpected(error);
}

/// Ollama puts every prompt into a template of its own, and is asked as it wants to be
/// (github.com/ollama/ollama, docs/api.md). False: it is something else.
asio::awaitable<Result<bool>> try_ollama(HttpClient& client, HttpCall& call,
                                         std::shared_ptr<const engine::Tokenizer> tokenizer,
                                         Discovered& found) {
  const HttpRequest ask_version{.post = false, .path = "/api/version"};
  HttpResult answer = co_await client.send(ask_version, call, kWhole);
  if (!answer) co_return tl::unexpected(std::move(answer.error().error));
  const Result<Json> version = parse_object(answer->body);
  if (answer->status != 200 || !version || text_in(*version, "version").empty()) co_return false;
  found.kind = "Ollama";
  found.protocol = openai_protocol(std::move(tokenizer), {.model = found.model, .lays_out = true});

  // It cuts longer prompts off at their beginning, and tells nobody.
  found.context_tokens = kOllamaContext;
  const HttpRequest ask_model{.path = "/api/show", .body = Json{{"model", found.model}}.dump()};
  HttpResult model = co_await client.send(ask_model, call, kWhole);
  if (!model) co_return tl::unexpected(std::move(model.error().error));
  const Result<Json> shown = parse_object(model->body);
  const std::string parameters = shown ? text_in(*shown, "parameters") : "";
  constexpr std::string_view kName = "num_ctx";
  if (const size_t at = parameters.find(kName); at != std::string::npos) {
    const int n = std::atoi(parameters.c_str() + at + kName.size());
    if (n > 0) found.context_tokens = n;
  }
  co_return true;
}

}  // namespace

Error status_error(const std::string& origin, const HttpAnswer& answer) {
  if (answer.status == 401 || answer.status == 403)
    return {ErrorCode::invalid_argument,
            fmt::format("{} wants a token, or another one (status {}): put it into the file that "
                        "remote.token_file names, or into FATHOM_REMOTE_TOKEN",
                        origin, answer.status)};
  if (answer.status >= 300 && answer.status < 400)
    return {ErrorCode::unsupported,
            fmt::format("{} sends its clients on to {}, and fathom follows to no other address "
                        "than the one it was given: set that one if it is meant",
                        origin, cut(answer.location))};
  const std::string message = server_message(answer.body);
  return {ErrorCode::io, fmt::format("{} answered with status {}{}{}", origin, answer.status,
                                     message.empty() ? "" : ": ", message)};
}

asio::awaitable<Result<Discovered>> discover(HttpClient& client, HttpCall& call, std::string origin,
                                             std::string model,
                                             std::shared_ptr<const engine::Tokenizer> tokenizer) {
  const HttpRequest ask_props{.post = false, .path = "/props"};
  HttpResult props = co_await client.send(ask_props, call, kWhole);
  if (!props) co_return tl::unexpected(std::move(props.error().error));
  if (props->status == 401 || (props->status >= 300 && props->status < 400))
    co_return tl::unexpected(status_error(origin, *props));
  if (std::optional<Discovered> found = read_props(*props, tokenizer)) {
    const Status same = co_await check_vocabulary(client, call, origin, model, *tokenizer, true);
    if (!same) co_return tl::unexpected(same.error());
    co_return std::move(*found);
  }
  const HttpRequest ask_models{.post = false, .path = "/v1/models"};
  HttpResult models = co_await client.send(ask_models, call, kWhole);
  if (!models) co_return tl::unexpected(std::move(models.error().error));
  if (models->status != 200) co_return tl::unexpected(status_error(origin, *models));
  Result<Discovered> found = read_models(origin, *models, model);
  if (!found) co_return found;
  const Status same =
      co_await check_vocabulary(client, call, origin, found->model, *tokenizer, false);
  if (!same) co_return tl::unexpected(same.error());
  if (found->kind != kVllm) {
    const Result<bool> is_ollama = co_await try_ollama(client, call, tokenizer, *found);
    if (!is_ollama) co_return tl::unexpected(is_ollama.error());
    if (*is_ollama) co_return found;
  }
  const Status tried = co_await try_features(client, call, origin, tokenizer, *found);
  if (!tried) co_return tl::unexpected(tried.error());
  co_return found;
}

}  // namespace fathom::completion
