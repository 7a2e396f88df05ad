// Keeps what a model writes to a JSON schema.
//
// Where the schema offers a choice, what has been written may fit several of its alternatives:
// they are followed side by side. Of more than kMaxThreads the later ones are given up, so every
// text that is allowed follows the schema, but not every text that follows it is allowed. What is
// nested deeper than JsonSchema::kMaxDepth is not allowed, nor are more than a few blanks in a row.
//
// Threads: one at a time.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "completion/json_schema.h"
#include "completion/json_string.h"
#include "engine/text_constraint.h"

namespace fathom::completion {

class JsonGrammar final : public engine::TextConstraint {
 public:
  explicit JsonGrammar(std::shared_ptr<const JsonSchema> schema);

  bool allows(std::string_view bytes) const override;
  void accept(std::string_view bytes) override;
  bool finished() const override;

 private:
  static constexpr int kMaxThreads = 8;

  /// A value that is being written. Without initialisers: there are many, and few in use.
  struct Frame {
    uint16_t node;
    uint8_t phase;     // of its kind; 0: nothing has been written
    uint8_t property;  // object: the next that may come
    bool is_negative;
    uint32_t count;     // array: items; string: characters; others: bytes
    uint64_t choices;   // object: what the key may become, a bit each
    int64_t magnitude;  // integer
    uint32_t first;     // literal: what the bytes may become, from this one
    uint32_t behind;    // to before that

    bool operator==(const Frame&) const = default;
  };

  /// One way to understand the text so far: values inside each other.
  struct Thread {
    uint8_t n_frames = 0;  // 0: the text is complete
    uint8_t n_blanks = 0;  // in a row, so far
    JsonString text;       // of the innermost value
    std::array<Frame, JsonSchema::kMaxDepth> frames;

    Thread() = default;
    Thread(const Thread& other) { *this = other; }
    Thread& operator=(const Thread& other);
    bool operator==(const Thread& other) const;
    Frame& top() { return frames[n_frames - 1]; }
  };

  struct Threads {
    int n = 0;
    std::array<Thread, kMaxThreads> all;

    Threads() = default;
    Threads(const Threads& other) { *this = other; }
    Threads& operator=(const Threads& other);
    void add(const Thread& thread);
    bool finished() const;
  };

  enum class Taken {
    no,
    yes,
    again,  // another value is the innermost now, and the byte is for it
  };

  bool advance(Threads& threads, uint8_t byte) const;
  void step(Thread& thread, uint8_t byte, Threads& out) const;
  Taken take(Thread& thread, uint8_t byte) const;
  Taken take_in_object(Thread& thread, uint8_t byte) const;
  Taken take_in_key(Thread& thread, uint8_t byte) const;
  Taken take_in_array(Thread& thread, uint8_t byte) const;
  Taken take_in_string(Thread& thread, uint8_t byte) const;
  Taken take_in_number(Thread& thread, uint8_t byte) const;
  Taken take_in_literal(Thread& thread, uint8_t byte) const;

  const JsonSchema::Node& node_of(const Frame& frame) const { return schema_->nodes[frame.node]; }
  bool fits(const Thread& thread, int node) const;
  uint64_t next_keys(const Thread& thread, const Frame& object) const;
  bool may_close(const Frame& object) const;
  Taken push(Thread& thread, int node, Taken taken) const;

  std::shared_ptr<const JsonSchema> schema_;
  Threads threads_;
};

}  // namespace fathom::completion
