// Memory that the pages of mapped files take.

#pragma once

#include <cstddef>
#include <span>

namespace fathom {

/// Says that `part` of a file's mapping will not be read soon. Its pages no longer count as this
/// process's memory, and come back when they are read after all. `mapping` is all of it.
void release_file_pages(std::span<const std::byte> mapping, std::span<const std::byte> part);

}  // namespace fathom
