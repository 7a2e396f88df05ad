// The members of a request's body, with the types and limits that they must have.
//
// A member that is missing or null has its default. Errors name the member, for people.
//
// Threads: any; functions.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/generator.h"

namespace fathom::http {

using Json = nlohmann::json;

/// Errors: invalid_argument (no JSON object, or nested too deeply).
Result<Json> parse_body(std::string_view body);

Result<int64_t> integer_at(const Json& body, const char* name, int64_t fallback, int64_t least,
                           int64_t most);
Result<double> number_at(const Json& body, const char* name, double fallback, double least,
                         double most);
Result<bool> flag_at(const Json& body, const char* name, bool fallback);
Result<std::string> text_at(const Json& body, const char* name, std::string fallback);

/// What a request says of sampling; the rest is left to the model.
struct SamplingWish {
  std::optional<float> temperature;
  std::optional<float> top_p;
  float min_p = 0.0f;
  uint64_t seed = 0;

  engine::SamplingParams over(const engine::SamplingParams& defaults) const;
};
/// `temperature`, `top_p`, `min_p`, `seed`.
Result<SamplingWish> sampling_at(const Json& body);

struct StreamOptions {
  bool stream = false;
  bool include_usage = false;
};
/// `stream`, and `include_usage` in `stream_options`.
Result<StreamOptions> stream_options_at(const Json& body);

/// `stop`: a string or up to 16 of them.
Result<std::vector<std::string>> stops_at(const Json& body);
/// What would change the answer and is not there; null, false, 0, 1 and empty are no wish.
Status refuse(const Json& body, std::initializer_list<const char*> names);

}  // namespace fathom::http
