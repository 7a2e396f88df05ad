// What a generated text may be, byte by byte: the seam between grammars and the sampler.
//
// Threads: one at a time; that of the generator while a request is under way.

#pragma once

#include <string>
#include <string_view>

namespace fathom::engine {

class TextConstraint {
 public:
  virtual ~TextConstraint() = default;

  /// Whether the text so far may go on with `bytes`, which need not end at a character. Asked for
  /// many tokens a step: must be quick and allocate nothing. Some byte must always be allowed
  /// until finished().
  virtual bool allows(std::string_view bytes) const = 0;
  /// The text goes on with `bytes`, which are allowed. Allocates nothing.
  virtual void accept(std::string_view bytes) = 0;
  /// The text is complete: nothing may follow.
  virtual bool finished() const = 0;
  /// About the same as a JSON schema, for servers that cannot be bound byte by byte; "": there is
  /// none.
  virtual std::string json_schema() const { return {}; }
};

}  // namespace fathom::engine
