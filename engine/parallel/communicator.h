// What joins the ranks of a model that several devices share: each rank computes its part of every
// layer and they add up what they have (engine/parallel/sharded_model.h).
//
// An object is one rank's end. Like a Backend's operations those here may be asynchronous, and
// cannot fail: errors are sticky and surface in status().
//
// Threads: all_reduce_sum() belongs to the rank's own thread, abort() to those of all ranks;
// status() may be called by any.

#pragma once

#include "engine/base/result.h"
#include "engine/tensor.h"

namespace fathom::engine {

class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// x = the sum of the x of all ranks, added up in one order, so that all have the same bits. In
  /// memory of the rank's backend. Every rank calls this as often, each time with the same shape.
  virtual void all_reduce_sum(Tensor x) = 0;

  /// For a rank that cannot go on: nobody waits for it any more. Sums are meaningless from here on.
  virtual void abort(Error reason) = 0;
  /// The reason of the first abort(). Errors: also device_lost.
  virtual Status status() const = 0;
};

}  // namespace fathom::engine
