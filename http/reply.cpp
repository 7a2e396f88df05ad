#include "http/reply.h"

#include <atomic>
#include <chrono>
#include <filesystem>

#include <nlohmann/json.hpp>

namespace fathom::http {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unsupported:
      return 400;
    case ErrorCode::cancelled:
    case ErrorCode::out_of_memory:
      return 503;
    default:
      return 500;
  }
}

Json error_body(int status, std::string_view message) {
  return {{"error",
           {{"message", message},
            {"type", status < 500 ? "invalid_request_error" : "server_error"},
            {"code", status}}}};
}

}  // namespace

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void reply_json(Exchange& exchange, int status, const Json& body) {
  exchange.reply(status, "application/json", to_line(body));
}

void reply_error(Exchange& exchange, int status, std::string_view message) {
  reply_json(exchange, status, error_body(status, message));
}

void reply_error(Exchange& exchange, const Error& error, bool streaming) {
  const int status = status_of(error.code);
  if (!streaming) return reply_error(exchange, status, error.message);
  exchange.event(to_line(error_body(status, error.message)));
  exchange.end_events();
}

std::string new_id(std::string_view prefix) {
  static std::atomic<uint64_t> last = 0;
  return fmt::format("{}-{}", prefix, ++last);
}

int64_t created_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

const char* finish_reason(const engine::GenerateResult& result) {
  const bool cut = result.stop == engine::StopReason::max_tokens ||
                   result.stop == engine::StopReason::context_full;
  return cut ? "length" : "stop";
}

Json usage_of(const engine::GenerateResult& result) {
  const auto n_generated = int64_t(result.tokens.size());
  return {{"prompt_tokens", result.prompt_tokens},
          {"completion_tokens", n_generated},
          {"total_tokens", result.prompt_tokens + n_generated},
          {"prompt_tokens_details", {{"cached_tokens", result.reused_tokens}}}};
}

std::string model_id(const completion::ModelState& state) {
  if (state.model.empty()) return "fathom-nano";
  return std::filesystem::path(state.model).filename().string();
}

}  // namespace fathom::http
