// Where the machine's power comes from.
//
// Threads: any.

#pragma once

#include <filesystem>

namespace fathom {

/// Whether the machine runs on a battery; false where that cannot be known. `supplies`: the folder
/// in which Linux describes them.
bool is_on_battery(const std::filesystem::path& supplies = "/sys/class/power_supply");

}  // namespace fathom
