#include "lsp/first_words.h"

namespace fathom::lsp {

std::string first_words(std::string_view message) {
  constexpr size_t kMaxBytes = 60;
  std::string line(message.substr(0, message.find_first_of("\r\n")));
  if (line.size() <= kMaxBytes) return line;
  size_t cut = kMaxBytes;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80) --cut;
  return line.substr(0, cut) + "...";
}

}  // namespace fathom::lsp
