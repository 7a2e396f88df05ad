#include "engine/base/file_pages.h"

#include <sys/mman.h>
#include <unistd.h>

namespace fathom {

void release_file_pages(std::span<const std::byte> mapping, std::span<const std::byte> part) {
  // The mapping begins at a page; the first and the last of the part may hold something else, too.
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - mapping.data());
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = (offset + part.size()) / page * page;
  if (begin >= end) return;
  ::madvise(const_cast<std::byte*>(mapping.data()) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace fathom
