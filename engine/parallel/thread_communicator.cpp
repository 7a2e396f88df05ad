#include "engine/parallel/thread_communicator.h"

#include <algorithm>
#include <mutex>
#include <span>
#include <utility>

#include "engine/parallel/barrier.h"
#include "engine/parallel/shard.h"

namespace fathom::engine {
namespace {

struct Meeting {
  explicit Meeting(int n_ranks) : barrier(n_ranks), tensors(n_ranks) {}

  Barrier barrier;
  std::vector<Tensor> tensors;  // of each rank, between the two meetings of a sum: nobody leaves
                                // before all are done, as abort() is not called from within
  std::mutex mutex;
  Status status;
};

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<Meeting> meeting, int rank)
      : meeting_(std::move(meeting)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(meeting_->tensors.size()); }
  void all_reduce_sum(Tensor x) override;
  void abort(Error reason) override;
  Status status() const override {
    const std::lock_guard lock(meeting_->mutex);
    return meeting_->status;
  }

 private:
  void sum_columns(Range columns) const;

  const std::shared_ptr<Meeting> meeting_;
  const int rank_;
};

void ThreadCommunicator::all_reduce_sum(Tensor x) {
  meeting_->tensors[rank_] = x;
  if (!meeting_->barrier.arrive_and_wait()) return;
  sum_columns(Shard{.rank = rank_, .n_ranks = size()}.part_of(x.cols));
  meeting_->barrier.arrive_and_wait();
}

void ThreadCommunicator::sum_columns(Range columns) const {
  const std::span<const Tensor> tensors = meeting_->tensors;
  const Tensor& first = tensors.front();
  for (const Tensor& other : tensors) {
    FATHOM_ASSERT(other.rows == first.rows && other.cols == first.cols);
  }
  for (int row = 0; row < first.rows; ++row) {
    float* sum = first.row(row);
    for (const Tensor& other : tensors.subspan(1)) {
      const float* numbers = other.row(row);
      for (int64_t i = columns.begin; i < columns.end; ++i) sum[i] += numbers[i];
    }
    for (const Tensor& other : tensors.subspan(1))
      std::copy(sum + columns.begin, sum + columns.end, other.row(row) + columns.begin);
  }
}

void ThreadCommunicator::abort(Error reason) {
  {
    const std::lock_guard lock(meeting_->mutex);
    if (meeting_->status) meeting_->status = tl::unexpected<Error>(std::move(reason));
  }
  meeting_->barrier.break_up();
}

}  // namespace

std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int n_ranks) {
  const auto meeting = std::make_shared<Meeting>(n_ranks);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < n_ranks; ++rank)
    communicators.push_back(std::make_unique<ThreadCommunicator>(meeting, rank));
  return communicators;
}

}  // namespace fathom::engine
