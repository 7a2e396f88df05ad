// Decides token by token when a completion is complete.
//
//   "line"   a line has ended (leading line ends do not count)
//   "block"  the block that opens at the cursor is closed
//   "loop"   the model repeats itself
//
// Threads: one at a time; fed on the generator's thread.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "completion/syntax/block_end.h"

namespace fathom::completion {

class StopRules final {
 public:
  /// `forced_prefix`: bytes at the begin of the generated text that are typed already. `block`:
  /// where the block ends, or nullptr if one line is wanted.
  StopRules(std::string forced_prefix, std::unique_ptr<BlockEnd> block);

  /// Takes the next token's bytes. False once the text is complete.
  bool feed(std::string_view bytes);

  /// What comes behind the cursor, as far as it belongs to the completion.
  std::string_view text() const;
  /// The rule that ended it, or "".
  std::string_view reason() const { return reason_; }
  /// The block's rule, or nullptr.
  BlockEnd* block() { return block_.get(); }

 private:
  bool stop(std::string_view reason, size_t length);

  std::string forced_prefix_;
  std::unique_ptr<BlockEnd> block_;
  std::string generated_;
  size_t length_ = std::string::npos;  // of text(), once a rule has cut it
  std::string_view reason_;
};

}  // namespace fathom::completion
