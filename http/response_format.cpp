#include "http/response_format.h"

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::http {
namespace {

using completion::JsonSchema;

constexpr const char* kFormat = "response_format";

/// The schema as it was written. Everything else of the body is dropped as it is read: to find a
/// key among those of an object that keeps their order takes time.
std::string schema_text(std::string_view body) {
  using Ordered = nlohmann::ordered_json;
  const auto keep = [](int depth, Ordered::parse_event_t event, Ordered& parsed) {
    return depth != 1 || event != Ordered::parse_event_t::key || parsed == kFormat;
  };
  const Ordered kept = Ordered::parse(body, keep, /*allow_exceptions=*/false);
  return kept[kFormat]["json_schema"]["schema"].dump();
}

}  // namespace

Result<std::shared_ptr<const JsonSchema>> response_format_at(const Json& body,
                                                             std::string_view text) {
  const Json format = body.value(kFormat, Json());
  if (format.is_null()) return nullptr;
  if (!format.is_object())
    return fail(ErrorCode::invalid_argument, "`response_format` must be an object");
  const Json type = format.value("type", Json("text"));
  std::string schema;
  if (type == "text") return nullptr;
  if (type == "json_object") {
    schema = R"({"type": "object"})";
  } else if (type == "json_schema") {
    const Json named = format.value("json_schema", Json());
    if (!named.is_object() || !named.contains("schema")) {
      return fail(ErrorCode::invalid_argument,
                  "`response_format` needs `json_schema`, an object with `schema`");
    }
    if (named["schema"].dump().size() > JsonSchema::kMaxBytes) {
      return fail(ErrorCode::invalid_argument,
                  "`response_format`: the schema is larger than {} bytes", JsonSchema::kMaxBytes);
    }
    schema = schema_text(text);
  } else {
    return fail(ErrorCode::invalid_argument,
                "`response_format` must have the type text, json_object or json_schema");
  }
  Result<JsonSchema> compiled = JsonSchema::compile(schema);
  if (!compiled) {
    return fail(ErrorCode::invalid_argument, "`response_format`: {}", compiled.error().message);
  }
  return std::make_shared<const JsonSchema>(std::move(*compiled));
}

}  // namespace fathom::http
