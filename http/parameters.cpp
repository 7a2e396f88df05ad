#include "http/parameters.h"

#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::http {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxStops = 16;
constexpr size_t kMaxStopBytes = 1024;

const Json* find(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

auto wrong(const char* name, std::string_view what) {
  return fail(ErrorCode::invalid_argument, "`{}` must be {}", name, what);
}

}  // namespace

Result<Json> parse_body(std::string_view body) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > kMaxDepth;
    return !too_deep;
  };
  Json json = Json::parse(body, watch, /*allow_exceptions=*/false);
  if (too_deep) return fail(ErrorCode::invalid_argument, "the body is nested too deeply");
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "the body is no JSON object");
  return json;
}

Result<int64_t> integer_at(const Json& body, const char* name, int64_t fallback, int64_t least,
                           int64_t most) {
  const Json* value = find(body, name);
  if (!value) return fallback;
  const bool fits = value->is_number_unsigned()
                        ? value->get<uint64_t>() <= uint64_t(std::max<int64_t>(0, most))
                        : value->is_number_integer();
  if (!fits || value->get<int64_t>() < least || value->get<int64_t>() > most)
    return wrong(name, fmt::format("an integer from {} to {}", least, most));
  return value->get<int64_t>();
}

Result<double> number_at(const Json& body, const char* name, double fallback, double least,
                         double most) {
  const Json* value = find(body, name);
  if (!value) return fallback;
  if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most))
    return wrong(name, fmt::format("a number from {} to {}", least, most));
  return value->get<double>();
}

Result<bool> flag_at(const Json& body, const char* name, bool fallback) {
  const Json* value = find(body, name);
  if (!value) return fallback;
  if (!value->is_boolean()) return wrong(name, "true or false");
  return value->get<bool>();
}

Result<std::string> text_at(const Json& body, const char* name, std::string fallback) {
  const Json* value = find(body, name);
  if (!value) return fallback;
  if (!value->is_string()) return wrong(name, "a string");
  return value->get<std::string>();
}

engine::SamplingParams SamplingWish::over(const engine::SamplingParams& defaults) const {
  return {.temperature = temperature.value_or(defaults.temperature),
          .top_p = top_p.value_or(defaults.top_p),
          .min_p = min_p,
          .seed = seed};
}

Result<SamplingWish> sampling_at(const Json& body) {
  SamplingWish sampling;
  if (find(body, "temperature")) {
    FATHOM_TRY(temperature, number_at(body, "temperature", 0, 0, 10));
    sampling.temperature = float(temperature);
  }
  if (find(body, "top_p")) {
    FATHOM_TRY(top_p, number_at(body, "top_p", 1, 0, 1));
    sampling.top_p = float(top_p);
  }
  FATHOM_TRY(min_p, number_at(body, "min_p", 0, 0, 1));
  sampling.min_p = float(min_p);
  FATHOM_TRY(seed, integer_at(body, "seed", 0, std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()));
  sampling.seed = uint64_t(seed);
  return sampling;
}

Result<StreamOptions> stream_options_at(const Json& body) {
  FATHOM_TRY(stream, flag_at(body, "stream", false));
  FATHOM_TRY(include_usage,
             flag_at(body.value("stream_options", Json::object()), "include_usage", false));
  return StreamOptions{.stream = stream, .include_usage = include_usage};
}

Result<std::vector<std::string>> stops_at(const Json& body) {
  std::vector<std::string> stops;
  const Json* value = find(body, "stop");
  if (!value) return stops;
  const auto add = [&](const Json& stop) {
    const bool good =
        stop.is_string() && stop.get_ref<const std::string&>().size() <= kMaxStopBytes;
    // An empty one would stop everything.
    if (good && !stop.get_ref<const std::string&>().empty()) stops.push_back(stop);
    return good;
  };
  bool good = value->is_array() ? value->size() <= kMaxStops : add(*value);
  if (value->is_array())
    for (const Json& stop : *value) good = good && add(stop);
  if (!good) {
    return wrong("stop", fmt::format("a string or up to {} strings of at most {} bytes", kMaxStops,
                                     kMaxStopBytes));
  }
  return stops;
}

Status refuse(const Json& body, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const Json* value = find(body, name);
    if (!value) continue;
    const bool no_wish = (value->is_boolean() && !value->get<bool>()) ||
                         (value->is_number() && (*value == 0 || *value == 1)) ||
                         ((value->is_structured() || value->is_string()) && value->empty()) ||
                         (value->is_string() && value->get_ref<const std::string&>().empty());
    if (!no_wish) return fail(ErrorCode::invalid_argument, "`{}` is not supported here", name);
  }
  return {};
}

}  // namespace fathom::http
