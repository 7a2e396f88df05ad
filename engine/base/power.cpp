#include "engine/base/power.h"

#include <string>
#include <system_error>

#include "engine/base/first_line.h"

namespace fathom {

bool is_on_battery(const std::filesystem::path& supplies) {
  bool is_discharging = false;
  std::error_code error;
  for (std::filesystem::directory_iterator supply(supplies, error), end; !error && supply != end;
       supply.increment(error)) {
    const std::filesystem::path& folder = supply->path();
    const std::string type = first_line(folder / "type");
    if (type != "Battery" && first_line(folder / "online") == "1") return false;
    // A mouse has a battery too; its scope is "Device".
    is_discharging |= type == "Battery" && first_line(folder / "scope") != "Device" &&
                      first_line(folder / "status") == "Discharging";
  }
  return is_discharging;
}

}  // namespace fathom
