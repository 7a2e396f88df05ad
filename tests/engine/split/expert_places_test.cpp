#include "engine/split/expert_places.h"

#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

constexpr int32_t kNot = ExpertPlaces::kNot;

int step(ExpertPlaces& places, const std::vector<int32_t>& experts) {
  return places.note_step(experts);
}

TEST(ExpertPlaces, BeginWithTheFirstExpertsOnTheDevice) {
  const ExpertPlaces places(5, 2);
  EXPECT_EQ(places.n_on_device(), 2);
  EXPECT_EQ(places.n_on_host(), 3);
  EXPECT_EQ(places.on_device(1), 1);
  EXPECT_EQ(places.on_host(1), kNot);
  EXPECT_EQ(places.on_device(2), kNot);
  EXPECT_EQ(places.on_host(2), 0);
  EXPECT_EQ(places.on_host(4), 2);
}

TEST(ExpertPlaces, CountTheHostsExpertsOfAStepOnce) {
  ExpertPlaces places(5, 2);
  EXPECT_EQ(step(places, {0, 3, 4, 3, kNot, 1, 3}), 2);
  EXPECT_EQ(step(places, {0, 1}), 0);
}

TEST(ExpertPlaces, OfferTheHostsBusiestForTheDevicesLeastUsed) {
  ExpertPlaces places(5, 2);
  for (int i = 0; i < 10; ++i) step(places, {0, 4});
  for (int i = 0; i < 3; ++i) step(places, {1, 2});
  const ExpertPlaces::Swap swap = places.best_swap();
  EXPECT_EQ(swap.to_device, 4);
  EXPECT_EQ(swap.to_host, 1);
  EXPECT_EQ(swap.n_saved_uses, 7);
}

TEST(ExpertPlaces, ExchangeTheTwoPlacesOfASwap) {
  ExpertPlaces places(5, 2);
  places.swap({.to_device = 4, .to_host = 1});
  EXPECT_EQ(places.on_device(4), 1);
  EXPECT_EQ(places.on_host(4), kNot);
  EXPECT_EQ(places.on_device(1), kNot);
  EXPECT_EQ(places.on_host(1), 2);
  EXPECT_EQ(places.on_device(0), 0);
}

TEST(ExpertPlaces, OfferNothingWhereNothingWouldBeSaved) {
  ExpertPlaces same(4, 2);
  step(same, {0, 1, 2, 3});
  EXPECT_EQ(same.best_swap().n_saved_uses, 0);
  for (const int n_on_device : {0, 4}) {
    ExpertPlaces whole(4, n_on_device);
    step(whole, {0, 3});
    EXPECT_EQ(whole.best_swap().n_saved_uses, 0);
  }
}

TEST(ExpertPlaces, ForgetWhatWasLongAgo) {
  ExpertPlaces places(2, 1);
  for (int i = 0; i < 20000; ++i) step(places, {0});
  int n_steps = 0;
  while (places.best_swap().n_saved_uses == 0) {
    step(places, {1});
    ++n_steps;
  }
  EXPECT_LT(n_steps, 5000);
}

}  // namespace
}  // namespace fathom::engine
