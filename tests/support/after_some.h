// An Interrupt that comes after some layers.

#pragma once

#include "engine/model.h"

namespace fathom::engine::test {

/// Says yes from the `n_noes`-th question on.
class AfterSome final : public Interrupt {
 public:
  explicit AfterSome(int n_noes) : n_noes_(n_noes) {}
  bool requested() const override { return n_asked_++ >= n_noes_; }

 private:
  int n_noes_;
  mutable int n_asked_ = 0;
};

}  // namespace fathom::engine::test
