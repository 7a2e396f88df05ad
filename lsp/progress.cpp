#include "lsp/progress.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "lsp/protocol.h"

namespace fathom::lsp {
namespace {

void send(Router& router, const RequestId& token, const char* kind, Json value) {
  value["kind"] = kind;
  router.notify("$/progress", {{"token", to_json(token)}, {"value", std::move(value)}});
}

}  // namespace

void begin_progress(Router& router, const RequestId& token, const Json& value) {
  send(router, token, "begin", value);
}

void report_progress(Router& router, const RequestId& token, const Json& value) {
  send(router, token, "report", value);
}

void end_progress(Router& router, const RequestId& token, std::string_view message) {
  send(router, token, "end", message.empty() ? Json::object() : Json{{"message", message}});
}

}  // namespace fathom::lsp
