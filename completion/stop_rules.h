// Decides token by token when a completion is complete.
//
//   "line"       a line has ended (leading line ends do not count)
//   "block"      the block that opens at the cursor, or on the completed line, is closed
//   "max_lines"  as many lines as are wanted are there
//   "max_tokens" a line is longer than lines are
//   "loop"       the model repeats itself
//
// Threads: one at a time; fed on the generator's thread.

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "completion/syntax/block_end.h"

namespace fathom::completion {

struct StopOptions {
  /// Bytes at the begin of the generated text that are typed already.
  std::string forced_prefix;
  /// Where the block ends; nullptr: one line is wanted.
  std::unique_ptr<BlockEnd> block;
  /// Asked when that line is complete: where the block ends that it opens; nullptr: the line is
  /// enough. May be empty.
  std::function<std::unique_ptr<BlockEnd>(std::string_view line)> opened_block;
  int max_lines = 0;        // 0: any number
  int max_line_tokens = 0;  // of the one line; 0: any number
};

class StopRules final {
 public:
  explicit StopRules(StopOptions options);

  /// Takes the next token's bytes. False once the text is complete.
  bool feed(std::string_view bytes);

  /// What comes behind the cursor, as far as it belongs to the completion.
  std::string_view text() const;
  /// The rule that ended it, or "".
  std::string_view reason() const { return reason_; }
  /// The block's rule, or nullptr.
  BlockEnd* block() { return options_.block.get(); }
  /// Where in text() the block's rule begins to look: 0, or the end of the line that opens it.
  size_t block_begin() const { return block_begin_; }

 private:
  bool feed_line(std::string_view new_text);
  bool stop(std::string_view reason, size_t length);

  StopOptions options_;
  size_t block_begin_ = 0;
  int n_tokens_ = 0;
  std::string generated_;
  size_t length_ = std::string::npos;  // of text(), once a rule has cut it
  std::string_view reason_;
};

}  // namespace fathom::completion
