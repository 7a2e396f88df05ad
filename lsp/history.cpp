#include "lsp/history.h"

#include <algorithm>

namespace fathom::lsp {

void History::use(const std::string& uri) {
  documents_.remove(uri);
  documents_.push_front(uri);
  if (documents_.size() > kMaxFiles) documents_.pop_back();
}

void History::edited(const std::string& uri, const Edit& edit) {
  const size_t old_end = edit.line + edit.n_old;
  for (Region& region : regions_) {
    if (region.uri != uri || region.end <= edit.line) continue;
    if (region.begin >= old_end) {
      region.begin = region.begin - edit.n_old + edit.n_new;
    } else {
      region.begin = std::min(region.begin, edit.line);
    }
    region.end = std::max(region.end, old_end) - edit.n_old + edit.n_new;
  }
  touch(uri, edit.line, edit.line + std::max<size_t>(edit.n_new, 1));
}

void History::viewed(const std::string& uri, size_t line) { touch(uri, line, line + 1); }

void History::touch(const std::string& uri, size_t begin, size_t end) {
  use(uri);
  begin -= std::min(begin, kMargin);
  end += kMargin;
  for (auto region = regions_.begin(); region != regions_.end();) {
    const bool meets = region->uri == uri && region->begin <= end && begin <= region->end;
    if (!meets) {
      ++region;
      continue;
    }
    const size_t both = std::max(region->end, end) - std::min(region->begin, begin);
    if (both <= kMaxLines) {
      begin = std::min(region->begin, begin);
      end = std::max(region->end, end);
    }
    region = regions_.erase(region);
  }
  regions_.push_front({.uri = uri, .begin = begin, .end = std::min(end, begin + kMaxLines)});
  if (regions_.size() > kMaxRegions) regions_.pop_back();
}

void History::replaced(const std::string& uri) {
  regions_.remove_if([&](const Region& region) { return region.uri == uri; });
  use(uri);
}

void History::closed(const std::string& uri) {
  regions_.remove_if([&](const Region& region) { return region.uri == uri; });
  documents_.remove(uri);
}

}  // namespace fathom::lsp
