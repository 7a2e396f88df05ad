#include "engine/base/power.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

class Power : public testing::Test {
 protected:
  Power() { std::filesystem::remove_all(folder_); }
  ~Power() override { std::filesystem::remove_all(folder_); }

  void add(const std::string& supply, const std::string& file, const std::string& text) {
    std::filesystem::create_directories(folder_ / supply);
    std::ofstream(folder_ / supply / file) << text << '\n';
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / "fathom-power-test";
};

TEST_F(Power, IsNoBatteryWhereNothingIsKnown) { EXPECT_FALSE(is_on_battery(folder_)); }

TEST_F(Power, IsABatteryThatIsDischargingAndNoMainsOnline) {
  add("BAT0", "type", "Battery");
  add("BAT0", "status", "Charging");
  EXPECT_FALSE(is_on_battery(folder_));
  add("BAT0", "status", "Discharging");
  EXPECT_TRUE(is_on_battery(folder_));
  add("AC", "type", "Mains");
  add("AC", "online", "0");
  EXPECT_TRUE(is_on_battery(folder_));
  add("AC", "online", "1");
  EXPECT_FALSE(is_on_battery(folder_));
}

TEST_F(Power, IsNotTheBatteryOfAMouse) {
  add("hidpp_battery_0", "type", "Battery");
  add("hidpp_battery_0", "scope", "Device");
  add("hidpp_battery_0", "status", "Discharging");
  EXPECT_FALSE(is_on_battery(folder_));
}

}  // namespace
}  // namespace fathom
