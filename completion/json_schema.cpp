#include "completion/json_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

namespace fathom::completion {
namespace {

using Json = nlohmann::ordered_json;  // keys are written in the schema's order
using Kind = JsonSchema::Kind;
using Node = JsonSchema::Node;

constexpr int kMaxSchemaNesting = 64;  // as much as a request's body may have

// They describe and do not narrow down.
constexpr std::string_view kAnnotations[] = {
    "title", "description", "default",  "examples",  "example", "deprecated", "$schema",
    "$id",   "$comment",    "readOnly", "writeOnly", "$defs",   "definitions"};
// Those of another type than the value's say nothing of it.
constexpr std::string_view kOfTypes[] = {"type",
                                         "properties",
                                         "required",
                                         "additionalProperties",
                                         "items",
                                         "minItems",
                                         "maxItems",
                                         "minLength",
                                         "maxLength",
                                         "minimum",
                                         "maximum",
                                         "exclusiveMinimum",
                                         "exclusiveMaximum"};

auto wrong(const std::string& place, std::string_view what) {
  return fail(ErrorCode::invalid_argument, "schema at {}: {}", place, what);
}

const Json* find(const Json& schema, const char* name) {
  const auto found = schema.find(name);
  return found == schema.end() ? nullptr : &*found;
}

Status allow_only(const Json& schema, const std::string& place,
                  std::span<const std::string_view> keywords) {
  for (const auto& [keyword, value] : schema.items()) {
    if (std::ranges::find(kAnnotations, keyword) == std::end(kAnnotations) &&
        std::ranges::find(keywords, keyword) == keywords.end())
      return wrong(place, fmt::format("`{}` is not supported here", keyword));
  }
  return {};
}

Result<int> count_at(const Json& schema, const std::string& place, const char* name, int fallback) {
  const Json* value = find(schema, name);
  if (!value) return fallback;
  if (!value->is_number_unsigned() || value->get<uint64_t>() > uint64_t(JsonSchema::kUnbounded))
    return wrong(place, fmt::format("`{}` must be a count", name));
  return value->get<int>();
}

bool is_of_type(const Json& value, const Json& type) {
  if (type.is_array())
    return std::ranges::any_of(type, [&](const Json& one) { return is_of_type(value, one); });
  if (type == "integer") return value.is_number_integer();
  return type == value.type_name();
}

class Compiler final {
 public:
  explicit Compiler(const Json& root) : root_(root) {}

  Result<JsonSchema> run() {
    out_.nodes.emplace_back();
    known_["#"] = 0;
    FATHOM_CHECK(fill(0, root_, "#"));
    for (Node& node : out_.nodes)
      if (node.kind == Kind::any_of) node.alternatives = leaves_of(node);
    measure_depths();
    if (out_.nodes[0].depth > JsonSchema::kMaxDepth) {
      return wrong("#", fmt::format("what it describes is nested without end, or more than {} deep",
                                    JsonSchema::kMaxDepth));
    }
    return std::move(out_);
  }

 private:
  Result<int> add(const Json& schema, const std::string& place) {
    if (out_.nodes.size() >= JsonSchema::kMaxNodes) return wrong(place, "the schema is too large");
    if (n_open_ > kMaxSchemaNesting) return wrong(place, "the schema is nested too deeply");
    const int at = int(out_.nodes.size());
    out_.nodes.emplace_back();
    ++n_open_;
    FATHOM_CHECK(fill(at, schema, place));
    --n_open_;
    return at;
  }

  Node& node(int at) { return out_.nodes[at]; }

  /// Makes the node at `at` what the schema says.
  Status fill(int at, const Json& schema, const std::string& place) {
    if (schema == Json(true)) return fill_any(at);
    if (!schema.is_object()) return wrong(place, "this must be an object");
    if (find(schema, "$ref")) return fill_reference(at, schema, place);
    if (const Json* choices = find(schema, "anyOf")) {
      FATHOM_CHECK(allow_only(schema, place, std::array<std::string_view, 1>{"anyOf"}));
      return fill_choices(at, *choices, place + "/anyOf");
    }
    if (const Json* all = find(schema, "allOf")) {
      FATHOM_CHECK(allow_only(schema, place, std::array<std::string_view, 1>{"allOf"}));
      if (!all->is_array() || all->size() != 1)
        return wrong(place, "`allOf` is supported for one schema only");
      return fill(at, (*all)[0], place + "/allOf/0");
    }
    if (find(schema, "enum") || find(schema, "const")) return fill_literals(at, schema, place);
    FATHOM_CHECK(allow_only(schema, place, kOfTypes));
    const Json* type = find(schema, "type");
    if (!type && find(schema, "properties")) return fill_object(at, schema, place);
    if (!type && find(schema, "items")) return fill_array(at, schema, place);
    if (!type) {
      FATHOM_CHECK(allow_only(schema, place, {}));
      return fill_any(at);
    }
    if (!type->is_array()) return fill_type(at, *type, schema, place);
    if (type->empty()) return wrong(place, "`type` is empty");
    for (const Json& one : *type) {
      FATHOM_TRY(alternative, add_type(one, schema, place));
      node(at).alternatives.push_back(alternative);
    }
    return {};
  }

  Result<int> add_type(const Json& type, const Json& schema, const std::string& place) {
    if (out_.nodes.size() >= JsonSchema::kMaxNodes) return wrong(place, "the schema is too large");
    const int at = int(out_.nodes.size());
    out_.nodes.emplace_back();
    FATHOM_CHECK(fill_type(at, type, schema, place));
    return at;
  }

  Status fill_type(int at, const Json& type, const Json& schema, const std::string& place) {
    if (type == "object") return fill_object(at, schema, place);
    if (type == "array") return fill_array(at, schema, place);
    if (type == "string") {
      FATHOM_TRY(least, count_at(schema, place, "minLength", 0));
      FATHOM_TRY(most, count_at(schema, place, "maxLength", JsonSchema::kUnbounded));
      return fill_counted(at, Kind::string, least, most, place);
    }
    if (type == "integer") return fill_integer(at, schema, place);
    if (type == "number") {
      for (const char* name : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
        if (find(schema, name))
          return wrong(place, fmt::format("`{}` is supported for integers only", name));
      }
      node(at).kind = Kind::number;
      return {};
    }
    node(at).kind = Kind::literal;
    if (type == "boolean") {
      node(at).literals = {"false", "true"};
    } else if (type == "null") {
      node(at).literals = {"null"};
    } else {
      return wrong(place, "`type` must be one of JSON's types, or a list of them");
    }
    return {};
  }

  Status fill_counted(int at, Kind kind, int least, int most, const std::string& place) {
    if (least > most) return wrong(place, "the least is more than the most");
    node(at).kind = kind;
    node(at).least = least;
    node(at).most = most;
    return {};
  }

  Status fill_any(int at) {
    if (any_ < 0) {
      any_ = at;
      for (const Kind kind : {Kind::map, Kind::array, Kind::string, Kind::number, Kind::literal}) {
        Node alternative;
        alternative.kind = kind;
        alternative.item = at;
        if (kind == Kind::literal) alternative.literals = {"false", "null", "true"};
        node(at).alternatives.push_back(int(out_.nodes.size()));
        out_.nodes.push_back(std::move(alternative));
      }
    } else {
      node(at).alternatives = {any_};
    }
    return {};
  }

  Status fill_reference(int at, const Json& schema, const std::string& place) {
    FATHOM_CHECK(allow_only(schema, place, std::array<std::string_view, 1>{"$ref"}));
    if (!schema["$ref"].is_string()) return wrong(place, "`$ref` must be a string");
    const std::string target = schema["$ref"];
    if (const auto known = known_.find(target); known != known_.end()) {
      node(at).alternatives = {known->second};
      return {};
    }
    for (const char* folder : {"$defs", "definitions"}) {
      const std::string prefix = fmt::format("#/{}/", folder);
      const Json* definitions = find(root_, folder);
      if (!target.starts_with(prefix) || !definitions || !definitions->is_object()) continue;
      const Json* definition = find(*definitions, target.substr(prefix.size()).c_str());
      if (!definition) continue;
      known_[target] = int(out_.nodes.size());  // it may refer to itself
      FATHOM_TRY(referred, add(*definition, target));
      node(at).alternatives = {referred};
      return {};
    }
    return wrong(place, fmt::format("there is no `{}` in this schema", target));
  }

  Status fill_choices(int at, const Json& choices, const std::string& place) {
    if (!choices.is_array() || choices.empty())
      return wrong(place, "this must be an array of schemas");
    for (size_t i = 0; i < choices.size(); ++i) {
      FATHOM_TRY(alternative, add(choices[i], fmt::format("{}/{}", place, i)));
      node(at).alternatives.push_back(alternative);
    }
    return {};
  }

  Status fill_literals(int at, const Json& schema, const std::string& place) {
    const bool is_list = find(schema, "enum") != nullptr;
    FATHOM_CHECK(allow_only(schema, place,
                            std::array<std::string_view, 2>{is_list ? "enum" : "const", "type"}));
    const Json values = is_list ? schema["enum"] : Json::array({schema["const"]});
    if (!values.is_array() || values.empty()) return wrong(place, "`enum` must be a list");
    const Json type = schema.value("type", Json());
    std::vector<std::string> literals;
    for (const Json& value : values)
      if (type.is_null() || is_of_type(value, type)) literals.push_back(value.dump());
    if (literals.empty()) return wrong(place, "no value is of this type");
    std::ranges::sort(literals);
    literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
    node(at).kind = Kind::literal;
    node(at).literals = std::move(literals);
    return {};
  }

  Status fill_object(int at, const Json& schema, const std::string& place) {
    const Json properties = schema.value("properties", Json::object());
    const Json required = schema.value("required", Json::array());
    if (!properties.is_object()) return wrong(place, "`properties` must be an object");
    if (!required.is_array()) return wrong(place, "`required` must be an array");
    if (properties.size() > JsonSchema::kMaxProperties)
      return wrong(place, fmt::format("more than {} properties", JsonSchema::kMaxProperties));
    for (const Json& name : required) {
      if (!name.is_string() || !properties.contains(name.get_ref<const std::string&>()))
        return wrong(place, fmt::format("`required` names {}, which is not among the properties",
                                        name.dump()));
    }
    const Json others = schema.value("additionalProperties", Json(true));
    if (properties.empty() && others != Json(false)) {
      FATHOM_TRY(item, add(others, place + "/additionalProperties"));
      node(at).kind = Kind::map;
      node(at).item = item;
      return {};
    }
    node(at).kind = Kind::object;
    for (const auto& [name, property] : properties.items()) {
      FATHOM_TRY(value, add(property, fmt::format("{}/properties/{}", place, name)));
      const bool is_required = std::ranges::find(required, Json(name)) != required.end();
      node(at).properties.push_back(
          {.key = Json(name).dump(), .value = value, .required = is_required});
    }
    return {};
  }

  Status fill_array(int at, const Json& schema, const std::string& place) {
    FATHOM_TRY(least, count_at(schema, place, "minItems", 0));
    FATHOM_TRY(most, count_at(schema, place, "maxItems", JsonSchema::kUnbounded));
    FATHOM_TRY(item, add(schema.value("items", Json(true)), place + "/items"));
    FATHOM_CHECK(fill_counted(at, Kind::array, least, most, place));
    node(at).item = item;
    return {};
  }

  Status fill_integer(int at, const Json& schema, const std::string& place) {
    node(at).kind = Kind::integer;
    struct Bound {
      const char* name;
      bool is_upper;
      bool is_exclusive;
    };
    for (const Bound& bound :
         {Bound{"minimum", false, false}, Bound{"exclusiveMinimum", false, true},
          Bound{"maximum", true, false}, Bound{"exclusiveMaximum", true, true}}) {
      const Json* value = find(schema, bound.name);
      if (!value) continue;
      constexpr auto kLargest = double(JsonSchema::kLargestBound);
      if (!value->is_number() || std::abs(value->get<double>()) > kLargest)
        return wrong(place, fmt::format("`{}` must be a number of at most 15 digits", bound.name));
      const auto number = value->get<double>();
      Node& integer = node(at);
      integer.is_bounded = true;
      if (bound.is_upper) {
        const double most = bound.is_exclusive ? std::ceil(number) - 1 : std::floor(number);
        integer.highest = std::min(integer.highest, int64_t(most));
      } else {
        const double least = bound.is_exclusive ? std::floor(number) + 1 : std::ceil(number);
        integer.lowest = std::max(integer.lowest, int64_t(least));
      }
    }
    if (node(at).lowest > node(at).highest) return wrong(place, "no integer is in these bounds");
    return {};
  }

  /// What a choice comes down to when the choices within it are made as well.
  std::vector<int> leaves_of(const Node& choice) {
    std::vector<int> leaves;
    std::vector<int> open = choice.alternatives;
    std::set<int> seen;
    std::ranges::reverse(open);
    while (!open.empty()) {
      const int at = open.back();
      open.pop_back();
      if (!seen.insert(at).second) continue;
      if (node(at).kind == Kind::any_of) {
        open.insert(open.end(), node(at).alternatives.rbegin(), node(at).alternatives.rend());
      } else {
        leaves.push_back(at);
      }
    }
    return leaves;
  }

  void measure_depths() {
    for (Node& node : out_.nodes) node.depth = JsonSchema::kMaxDepth + 1;
    bool changed = true;
    while (changed) {
      changed = false;
      for (Node& node : out_.nodes) {
        const int depth = depth_of(node);
        changed |= depth < node.depth;
        node.depth = std::min(node.depth, depth);
      }
    }
  }

  int depth_of(const Node& node) const {
    const auto& nodes = out_.nodes;
    int inside = 0;
    if (node.kind == Kind::any_of) {
      int least = JsonSchema::kMaxDepth + 1;
      for (const int at : node.alternatives) least = std::min(least, nodes[at].depth);
      return least;
    }
    if (node.kind == Kind::array && node.least > 0) inside = nodes[node.item].depth;
    for (const JsonSchema::Property& property : node.properties)
      if (property.required) inside = std::max(inside, nodes[property.value].depth);
    return 1 + inside;
  }

  const Json& root_;
  JsonSchema out_;
  int n_open_ = 0;                    // nodes that are being added
  std::map<std::string, int> known_;  // places that were referred to, and their nodes
  int any_ = -1;                      // the node that is any value
};

}  // namespace

Result<JsonSchema> JsonSchema::compile(std::string_view schema) {
  if (schema.size() > kMaxBytes) {
    return fail(ErrorCode::invalid_argument, "the schema is larger than {} bytes", kMaxBytes);
  }
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > kMaxSchemaNesting;
    return !too_deep;
  };
  const Json root = Json::parse(schema, watch, /*allow_exceptions=*/false);
  if (too_deep || root.is_discarded())
    return fail(ErrorCode::invalid_argument, "the schema is no JSON, or nested too deeply");
  return Compiler(root).run();
}

}  // namespace fathom::completion
