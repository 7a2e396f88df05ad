#include "engine/base/power.h"

#include <fstream>
#include <string>
#include <system_error>

namespace fathom {
namespace {

std::string first_word(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word;
}

}  // namespace

bool is_on_battery(const std::filesystem::path& supplies) {
  bool is_discharging = false;
  std::error_code error;
  for (std::filesystem::directory_iterator supply(supplies, error), end; !error && supply != end;
       supply.increment(error)) {
    const std::filesystem::path& folder = supply->path();
    const std::string type = first_word(folder / "type");
    if (type != "Battery" && first_word(folder / "online") == "1") return false;
    // A mouse has a battery too; its scope is "Device".
    is_discharging |= type == "Battery" && first_word(folder / "scope") != "Device" &&
                      first_word(folder / "status") == "Discharging";
  }
  return is_discharging;
}

}  // namespace fathom
