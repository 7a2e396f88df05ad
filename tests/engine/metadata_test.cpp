#include "engine/checkpoint/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

TEST(Metadata, GivesValuesOnlyAsTheKindTheyAre) {
  Metadata metadata;
  metadata.set("layers", int64_t{3});
  metadata.set("eps", 1e-6);
  metadata.set("tied", true);
  metadata.set("name", std::string("nano"));
  EXPECT_EQ(metadata.integer("layers"), 3);
  EXPECT_EQ(metadata.integer("eps"), std::nullopt);
  EXPECT_EQ(metadata.integer("tied"), std::nullopt);
  EXPECT_EQ(metadata.boolean("tied"), true);
  EXPECT_EQ(metadata.boolean("layers"), std::nullopt);
  EXPECT_EQ(metadata.string("layers"), nullptr);
  ASSERT_TRUE(metadata.string("name"));
  EXPECT_EQ(*metadata.string("name"), "nano");
  EXPECT_TRUE(metadata.integers("layers").empty());
}

TEST(Metadata, TakesAnIntegerForANumber) {
  Metadata metadata;
  metadata.set("factor", int64_t{40});
  metadata.set("theta", 0.5);
  EXPECT_EQ(metadata.number("factor"), 40.0);
  EXPECT_EQ(metadata.number("theta"), 0.5);
}

TEST(Metadata, HasNothingForAnAbsentKey) {
  const Metadata metadata;
  EXPECT_FALSE(metadata.has("x"));
  EXPECT_EQ(metadata.number("x"), std::nullopt);
  EXPECT_EQ(metadata.string("x"), nullptr);
  EXPECT_TRUE(metadata.strings("x").empty());
}

TEST(Metadata, KeepsTheLastValueThatWasSet) {
  Metadata metadata;
  metadata.set("x", int64_t{1});
  metadata.set("x", std::string("two"));
  EXPECT_EQ(metadata.integer("x"), std::nullopt);
  EXPECT_EQ(*metadata.string("x"), "two");
}

}  // namespace
}  // namespace fathom::engine
