#include "completion/json_grammar.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/assert.h"

namespace fathom::completion {
namespace {

using Kind = JsonSchema::Kind;
using Node = JsonSchema::Node;

constexpr int kMaxBlanks = 16;
constexpr uint32_t kMaxNumberBytes = 24;
constexpr uint32_t kMaxExponentDigits = 2;  // so that it fits a double

// Phases of objects and maps; the first of each kind is "nothing has been written".
enum ObjectPhase : uint8_t { kBrace, kFirstKey, kInKey, kColon, kBehindMember, kNextKey };
enum ArrayPhase : uint8_t { kBracket, kFirstItem, kBehindItem };
enum StringPhase : uint8_t { kQuote, kInString };
enum LiteralPhase : uint8_t { kFirstByte, kInLiteral };
enum NumberPhase : uint8_t {
  kSign,
  kFirstDigit,
  kZero,
  kDigits,
  kPoint,
  kFraction,
  kExponentSign,
  kExponentDigit,
  kExponent,
};

bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }
bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/// Whether blanks may stand where a value of this kind is.
bool is_between_parts(Kind kind, uint8_t phase) {
  if (phase == 0 || kind == Kind::array) return true;
  return (kind == Kind::object || kind == Kind::map) && phase != kInKey;
}

/// The bounds of an integer's magnitude.
std::pair<int64_t, int64_t> magnitudes(const Node& node, bool is_negative) {
  if (is_negative) return {std::max<int64_t>(1, -node.highest), -node.lowest};
  return {std::max<int64_t>(0, node.lowest), node.highest};
}

/// Whether these digits are within the bounds, or can get there with others behind them.
bool can_get_between(std::pair<int64_t, int64_t> bounds, int64_t magnitude) {
  const auto [lowest, highest] = bounds;
  int64_t most = magnitude;  // with as many nines behind
  for (int64_t least = magnitude; least <= highest; least *= 10, most = most * 10 + 9) {
    if (most >= lowest) return true;
    if (magnitude == 0) break;  // no digit follows a zero
  }
  return false;
}

}  // namespace

// ---- Threads ----

JsonGrammar::Thread& JsonGrammar::Thread::operator=(const Thread& other) {
  n_frames = other.n_frames;
  n_blanks = other.n_blanks;
  text = other.text;
  std::copy_n(other.frames.begin(), other.n_frames, frames.begin());
  return *this;
}

bool JsonGrammar::Thread::operator==(const Thread& other) const {
  return n_frames == other.n_frames && n_blanks == other.n_blanks && text == other.text &&
         std::equal(frames.begin(), frames.begin() + n_frames, other.frames.begin());
}

JsonGrammar::Threads& JsonGrammar::Threads::operator=(const Threads& other) {
  n = other.n;
  std::copy_n(other.all.begin(), other.n, all.begin());
  return *this;
}

void JsonGrammar::Threads::add(const Thread& thread) {
  const auto end = all.begin() + n;
  if (n < kMaxThreads && std::find(all.begin(), end, thread) == end) all[n++] = thread;
}

bool JsonGrammar::Threads::finished() const {
  return std::any_of(all.begin(), all.begin() + n,
                     [](const Thread& thread) { return thread.n_frames == 0; });
}

JsonGrammar::JsonGrammar(std::shared_ptr<const JsonSchema> schema) : schema_(std::move(schema)) {
  threads_.n = 1;
  push(threads_.all[0], 0, Taken::yes);
}

bool JsonGrammar::allows(std::string_view bytes) const {
  Threads threads = threads_;
  return std::ranges::all_of(
      bytes, [&](char byte) { return advance(threads, static_cast<uint8_t>(byte)); });
}

void JsonGrammar::accept(std::string_view bytes) {
  for (const char byte : bytes) {
    const bool is_allowed = advance(threads_, static_cast<uint8_t>(byte));
    FATHOM_ASSERT(is_allowed);
  }
}

bool JsonGrammar::finished() const { return threads_.finished(); }

bool JsonGrammar::advance(Threads& threads, uint8_t byte) const {
  if (threads.finished()) return false;
  Threads next;
  for (int i = 0; i < threads.n; ++i) step(threads.all[i], byte, next);
  threads = next;
  return threads.n > 0;
}

void JsonGrammar::step(Thread& thread, uint8_t byte, Threads& out) const {
  Taken taken = Taken::again;
  while (taken == Taken::again && thread.n_frames > 0) {
    Frame& frame = thread.top();
    const Node& node = node_of(frame);
    if (is_blank(byte) && is_between_parts(node.kind, frame.phase)) {
      if (++thread.n_blanks <= kMaxBlanks) out.add(thread);
      return;
    }
    thread.n_blanks = 0;
    if (node.kind == Kind::any_of) {
      --thread.n_frames;
      for (const int alternative : node.alternatives) {
        if (!fits(thread, alternative)) continue;
        Thread fork = thread;
        push(fork, alternative, Taken::yes);
        step(fork, byte, out);
      }
      return;
    }
    taken = take(thread, byte);
  }
  // Behind a number that is all there is, a blank says that it is complete.
  if (taken == Taken::yes || (taken == Taken::again && is_blank(byte))) out.add(thread);
}

// ---- Values ----

JsonGrammar::Taken JsonGrammar::take(Thread& thread, uint8_t byte) const {
  switch (node_of(thread.top()).kind) {
    case Kind::object:
    case Kind::map:
      return take_in_object(thread, byte);
    case Kind::array:
      return take_in_array(thread, byte);
    case Kind::string:
      return take_in_string(thread, byte);
    case Kind::number:
    case Kind::integer:
      return take_in_number(thread, byte);
    case Kind::literal:
      return take_in_literal(thread, byte);
    case Kind::any_of:
      break;
  }
  return Taken::no;
}

bool JsonGrammar::fits(const Thread& thread, int node) const {
  return thread.n_frames + schema_->nodes[node].depth <= JsonSchema::kMaxDepth;
}

JsonGrammar::Taken JsonGrammar::push(Thread& thread, int node, Taken taken) const {
  thread.frames[thread.n_frames++] = Frame{};
  thread.top().node = static_cast<uint16_t>(node);
  return taken;
}

/// The properties that may come next: up to the first that has to.
uint64_t JsonGrammar::next_keys(const Thread& thread, const Frame& object) const {
  const auto& properties = node_of(object).properties;
  uint64_t keys = 0;
  for (size_t i = object.property; i < properties.size(); ++i) {
    if (fits(thread, properties[i].value)) keys |= uint64_t{1} << i;
    if (properties[i].required) break;
  }
  return keys;
}

bool JsonGrammar::may_close(const Frame& object) const {
  const auto& properties = node_of(object).properties;
  return std::none_of(properties.begin() + object.property, properties.end(),
                      [](const JsonSchema::Property& property) { return property.required; });
}

JsonGrammar::Taken JsonGrammar::take_in_object(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const Node& node = node_of(frame);
  const bool is_map = node.kind == Kind::map;
  const auto go_to = [&](uint8_t phase) {
    frame.phase = phase;
    return Taken::yes;
  };
  const bool has_next = is_map ? fits(thread, node.item) : next_keys(thread, frame) != 0;
  if (frame.phase == kInKey) return take_in_key(thread, byte);
  if (frame.phase == kBrace) return byte == '{' ? go_to(kFirstKey) : Taken::no;
  if (frame.phase == kColon) {
    if (byte != ':') return Taken::no;
    frame.phase = kBehindMember;
    return push(thread, is_map ? node.item : node.properties[frame.property++].value, Taken::yes);
  }
  if (byte == '}' && frame.phase != kNextKey && may_close(frame)) {
    --thread.n_frames;
    return Taken::yes;
  }
  if (!has_next) return Taken::no;
  if (frame.phase == kBehindMember) return byte == ',' ? go_to(kNextKey) : Taken::no;
  if (byte != '"') return Taken::no;
  thread.text = {};
  frame.count = 1;
  frame.choices = next_keys(thread, frame);
  return go_to(kInKey);
}

JsonGrammar::Taken JsonGrammar::take_in_key(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const Node& node = node_of(frame);
  if (node.kind == Kind::map) {
    const JsonString::Step step = thread.text.advance(byte);
    if (step == JsonString::Step::closed) frame.phase = kColon;
    return step == JsonString::Step::wrong ? Taken::no : Taken::yes;
  }
  for (uint64_t open = frame.choices; open != 0; open &= open - 1) {
    const int i = std::countr_zero(open);
    const std::string& key = node.properties[i].key;
    if (static_cast<uint8_t>(key[frame.count]) != byte) frame.choices &= ~(uint64_t{1} << i);
  }
  if (frame.choices == 0) return Taken::no;
  ++frame.count;
  // Which one it is shows at its last quote at the latest: no other goes on behind that.
  const int i = std::countr_zero(frame.choices);
  if (node.properties[i].key.size() == frame.count) {
    frame.property = static_cast<uint8_t>(i);
    frame.phase = kColon;
  }
  return Taken::yes;
}

JsonGrammar::Taken JsonGrammar::take_in_array(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const Node& node = node_of(frame);
  if (frame.phase == kBracket) {
    frame.phase = kFirstItem;
    return byte == '[' ? Taken::yes : Taken::no;
  }
  const int n_items = static_cast<int>(frame.count);
  if (byte == ']') {
    --thread.n_frames;
    return n_items >= node.least ? Taken::yes : Taken::no;
  }
  const bool is_first = frame.phase == kFirstItem;
  if ((!is_first && byte != ',') || n_items >= node.most || !fits(thread, node.item))
    return Taken::no;
  frame.phase = kBehindItem;
  ++frame.count;
  return push(thread, node.item, is_first ? Taken::again : Taken::yes);
}

JsonGrammar::Taken JsonGrammar::take_in_string(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const Node& node = node_of(frame);
  if (frame.phase == kQuote) {
    frame.phase = kInString;
    thread.text = {};
    return byte == '"' ? Taken::yes : Taken::no;
  }
  const int n_characters = static_cast<int>(frame.count);
  if (n_characters >= node.most && thread.text.between_characters() && byte != '"')
    return Taken::no;
  switch (thread.text.advance(byte)) {
    case JsonString::Step::wrong:
      return Taken::no;
    case JsonString::Step::inside:
      return Taken::yes;
    case JsonString::Step::character:
      ++frame.count;
      return Taken::yes;
    case JsonString::Step::closed:
      break;
  }
  --thread.n_frames;
  return n_characters >= node.least ? Taken::yes : Taken::no;
}

JsonGrammar::Taken JsonGrammar::take_in_literal(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const std::vector<std::string>& literals = node_of(frame).literals;
  if (frame.phase == kFirstByte) {
    frame.phase = kInLiteral;
    frame.behind = static_cast<uint32_t>(literals.size());
  }
  // They are sorted and alike so far, the one that ends here before those that go on.
  const auto begin = literals.begin() + frame.first;
  const auto end = literals.begin() + frame.behind;
  const auto next = [&](const std::string& literal) {
    return literal.size() > frame.count ? int{static_cast<uint8_t>(literal[frame.count])} : -1;
  };
  const auto first = std::partition_point(
      begin, end, [&](const std::string& literal) { return next(literal) < byte; });
  const auto behind = std::partition_point(
      first, end, [&](const std::string& literal) { return next(literal) == byte; });
  if (first == behind) {
    if (next(*begin) >= 0) return Taken::no;
    --thread.n_frames;
    return Taken::again;
  }
  ++frame.count;
  frame.first = static_cast<uint32_t>(first - literals.begin());
  frame.behind = static_cast<uint32_t>(behind - literals.begin());
  if (behind - first == 1 && next(*first) < 0) --thread.n_frames;
  return Taken::yes;
}

JsonGrammar::Taken JsonGrammar::take_in_number(Thread& thread, uint8_t byte) const {
  Frame& frame = thread.top();
  const Node& node = node_of(frame);
  const bool is_integer = node.kind == Kind::integer;
  const auto go_to = [&](uint8_t phase) {
    frame.phase = phase;
    return Taken::yes;
  };
  if (frame.phase == kSign && byte == '-') {
    const auto [lowest, highest] = magnitudes(node, true);
    frame.is_negative = true;
    return lowest <= highest ? go_to(kFirstDigit) : Taken::no;
  }
  const std::pair<int64_t, int64_t> bounds = magnitudes(node, frame.is_negative);
  const bool may_end = frame.phase == kZero || frame.phase == kDigits || frame.phase == kFraction ||
                       frame.phase == kExponent;
  if (is_digit(byte) && frame.phase != kZero && (!may_end || frame.count < kMaxNumberBytes)) {
    ++frame.count;
    if (frame.phase == kPoint || frame.phase == kFraction) return go_to(kFraction);
    if (frame.phase >= kExponentSign) return go_to(kExponent);
    if (node.is_bounded) {
      frame.magnitude = frame.magnitude * 10 + (byte - '0');
      if (!can_get_between(bounds, frame.magnitude)) return Taken::no;
    }
    return go_to(byte == '0' && frame.phase <= kFirstDigit ? kZero : kDigits);
  }
  if ((byte == '+' || byte == '-') && frame.phase == kExponentSign) return go_to(kExponentDigit);
  if (!may_end) return Taken::no;
  const bool is_whole = frame.phase == kZero || frame.phase == kDigits;
  if (!is_integer && is_whole && byte == '.') return go_to(kPoint);
  if (!is_integer && frame.phase != kExponent && (byte == 'e' || byte == 'E')) {
    frame.count = kMaxNumberBytes - kMaxExponentDigits;
    return go_to(kExponentSign);
  }
  const bool is_within = frame.magnitude >= bounds.first && frame.magnitude <= bounds.second;
  if (node.is_bounded && !is_within) return Taken::no;
  --thread.n_frames;
  return Taken::again;
}

}  // namespace fathom::completion
