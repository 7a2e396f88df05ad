// Reads the fields of an architecture's configuration, whichever format the checkpoint has.
//
// A hostile or odd value is remembered instead of returned: read all fields, then look at
// status() once. Until then a bad field reads as its lower bound or fallback.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/checkpoint/checkpoint.h"

namespace fathom::engine {

/// What a field is called in config.json and, without the architecture's prefix, in GGUF
/// metadata. Empty: that format does not have it.
struct FieldName {
  std::string_view hugging_face;
  std::string_view gguf;
};

class Fields final {
 public:
  explicit Fields(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  bool has(FieldName name) const { return checkpoint_.metadata().has(key(name)); }

  /// An integer in [1, limit].
  int count(FieldName name, int limit) { return integer(name, 1, limit); }
  int count_or(FieldName name, int limit, int fallback) {
    return has(name) ? count(name, limit) : fallback;
  }
  /// An integer in [0, limit].
  int zero_or_count(FieldName name, int limit, int fallback) {
    return has(name) ? integer(name, 0, limit) : fallback;
  }
  /// A finite number above zero.
  double positive(FieldName name);
  double positive_or(FieldName name, double fallback);
  /// A finite number.
  double number_or(FieldName name, double fallback);
  /// A list of numbers in [low, high], or one of them alone; empty if it is missing.
  std::vector<double> numbers(FieldName name, double low, double high);
  bool flag_or(FieldName name, bool fallback) const;
  std::string string_or(FieldName name, std::string_view fallback) const;

  /// Rows of the embedding table. GGUF states them only there.
  int vocab_size();

  /// Remembers that this checkpoint is well-formed but beyond fathom; `what` ends the sentence
  /// "FILE: ...".
  void refuse(std::string_view what);
  /// Remembers what the file leaves open and how it was filled in, as a sentence without a full
  /// stop.
  void note(std::string what) { notes_.push_back(std::move(what)); }
  /// The first thing that was wrong.
  const Status& status() const { return status_; }
  /// The first thing that was wrong, or all notes.
  Result<std::vector<std::string>> notes() const;

  const Checkpoint& checkpoint() const { return checkpoint_; }
  bool is_gguf() const { return checkpoint_.format() == Checkpoint::Format::gguf; }

 private:
  int integer(FieldName name, int low, int high);
  std::string key(FieldName name) const;
  void report(FieldName name, std::string_view expected);

  const Checkpoint& checkpoint_;
  Status status_;
  std::vector<std::string> notes_;
};

}  // namespace fathom::engine
