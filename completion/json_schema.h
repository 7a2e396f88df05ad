// What a JSON text may be, from a JSON Schema: the part of the language that can be followed byte
// by byte while a model writes.
//
//   object   properties, required, additionalProperties. Keys come in the schema's order, and no
//            others than the named ones; without properties, any keys.
//   array    items, minItems, maxItems
//   string   minLength, maxLength
//   integer  minimum, maximum, exclusiveMinimum, exclusiveMaximum
//   number, boolean, null, lists of types, enum, const, anyOf, allOf of one schema, $ref to
//   #, #/$defs and #/definitions, which may be recursive.
//
// Whatever else would narrow it down is an error that names the place, never ignored.
// Source: https://json-schema.org/draft/2020-12
//
// Immutable once made.

#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace fathom::completion {

struct JsonSchema {
  static constexpr int kMaxDepth = 32;  // of values inside each other
  static constexpr size_t kMaxBytes = 64 << 10;
  static constexpr size_t kMaxNodes = 4096;
  static constexpr size_t kMaxProperties = 64;  // of one object
  static constexpr int kUnbounded = std::numeric_limits<int>::max();
  static constexpr int64_t kLargestBound = 1'000'000'000'000'000;  // of an integer

  enum class Kind : uint8_t { object, map, array, string, number, integer, literal, any_of };

  struct Property {
    std::string key;  // as JSON, with its quotes
    int value = 0;    // a node
    bool required = false;
  };

  struct Node {
    Kind kind = Kind::any_of;
    int depth = 0;  // of values inside each other, itself among them, that it has at least
    std::vector<Property> properties;   // object
    std::vector<std::string> literals;  // literal: as JSON, sorted, no two alike
    std::vector<int> alternatives;      // any_of: nodes, none of which is any_of
    int item = 0;                       // map, array: the node of what is in it
    int least = 0;                      // array: items; string: characters
    int most = kUnbounded;
    bool is_bounded = false;  // integer
    int64_t lowest = -kLargestBound;
    int64_t highest = kLargestBound;
  };

  std::vector<Node> nodes;  // the first is the whole text

  /// Errors: invalid_argument (what is not supported or no schema, and where; for people).
  static Result<JsonSchema> compile(std::string_view schema);
};

}  // namespace fathom::completion
