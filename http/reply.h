// Answers in the shapes that clients of OpenAI's API know.
//
// Threads: any; functions.

#pragma once

#include <string>
#include <string_view>

#include "completion/model_host.h"
#include "engine/generator.h"
#include "http/exchange.h"
#include "http/parameters.h"

namespace fathom::http {

/// On one line. A model's text may hold anything: what is no UTF-8 becomes U+FFFD.
std::string to_line(const Json& json);

void reply_json(Exchange& exchange, int status, const Json& body);
void reply_error(Exchange& exchange, int status, std::string_view message);
/// With the status that fits; ends a stream that has begun.
void reply_error(Exchange& exchange, const Error& error, bool streaming = false);

/// An id that no other answer of this process has: "cmpl-1".
std::string new_id(std::string_view prefix);
/// Seconds since 1970, which the API's answers carry.
int64_t created_now();

/// "stop" or "length".
const char* finish_reason(const engine::GenerateResult& result);
Json usage_of(const engine::GenerateResult& result);
/// What a model is called in /v1/models.
std::string model_id(const completion::ModelState& state);

}  // namespace fathom::http
