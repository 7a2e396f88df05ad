#include "completion/remote/discover.h"

#include <algorithm>
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
        .kind = is_vllm ? "vLLM" : "OpenAI-compatible",
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
  OpenAiFeatures features{.model = found.model, .has_token_ids = true};
  const Ask ask{.prompt = tokenizer->encode("a"), .n_tokens = 1, .n_candidates = 2};
  while (true) {
    found.protocol = openai_protocol(tokenizer, features);
    const HttpRequest request{.path = found.protocol->path(), .body = found.protocol->body(ask)};
    HttpResult result = co_await client.send(request, call, kWhole);
    if (!result) co_return tl::unexpected(std::move(result.error().error));
    const Result<ServerReply> reply = result->status == 200
                                          ? found.protocol->read(result->body)
                                          : tl::unexpected(status_error(origin, *result));
    if (reply && (!features.has_token_ids || !reply->tokens.empty())) co_return Status();
    const bool refused = result->status == 400 || result->status == 422;
    if (result->status != 200 && !refused) co_return tl::unexpected(reply.error());
    if (std::exchange(features.has_token_ids, false)) continue;
    if (std::exchange(features.takes_tokens, false)) continue;
    co_return tl::unexpected(reply ? Error{ErrorCode::unsupported, "it generates nothing"}
                                   : reply.error());
  }
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
  const Status tried = co_await try_features(client, call, origin, tokenizer, *found);
  if (!tried) co_return tl::unexpected(tried.error());
  co_return found;
}

}  // namespace fathom::completion
