// JSON files that came with a model.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"

namespace fathom::engine {

/// Members of one large object of numbers, in the order of the text: a vocabulary of 128 thousand
/// tokens takes longer to sort into a tree than to read. A name that is there twice stays so.
struct FlatObject {
  struct Member {
    size_t begin;  // of its name in `names`
    size_t size;
    uint64_t value;
  };
  std::string_view outer;  // the object is out[outer][inner], which is left null there
  std::string_view inner;
  std::string names;
  std::vector<Member> members;

  std::string_view name(const Member& member) const {
    return std::string_view(names).substr(member.begin, member.size);
  }
};

/// Replaces `out` by the value of `text`, which has at most `max_values` values: a value takes many
/// times the memory of its text. `source` is for messages.
/// Errors: corrupt (not JSON, nested deeper than 64, more values, an object with one key twice, or
/// something else than a number from 0 in `flat`).
Status parse_json(std::string_view text, const std::string& source, nlohmann::json& out,
                  FlatObject* flat = nullptr, size_t max_values = SIZE_MAX);

/// parse_json of a file of at most `max_bytes`. Errors: also not_found, io, unsupported.
Status read_json_file(const std::filesystem::path& path, size_t max_bytes, nlohmann::json& out,
                      FlatObject* flat = nullptr, size_t max_values = SIZE_MAX);

}  // namespace fathom::engine
