#include "cuda/nccl_communicator.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "cuda/device_backend.h"
#include "cuda/nccl_api.h"
#include "cuda/rank_sums.h"
#include "engine/base/assert.h"

namespace fathom::cuda {
namespace {

using engine::Communicator;
using Communicators = std::vector<std::unique_ptr<Communicator>>;

/// What the ranks share.
class Clique final {
 public:
  Clique(const NcclApi& api, int n_ranks) : api_(api), members_(n_ranks) {}
  /// Nothing is under way any more. The orderly end would wait for ranks that may be gone.
  ~Clique() { end_all(); }

  const NcclApi& api() const { return api_; }
  int size() const { return static_cast<int>(members_.size()); }
  /// Errors: device_lost.
  Status join(std::span<const int> devices);

  /// calls(comm) asks NCCL for something, unless all is over. It does not wait for other ranks, as
  /// all are connected (see connect()): end() is not held up.
  template <class Calls>
  void run(int rank, const Calls& calls) {
    Status done;
    {
      const std::lock_guard lock(members_[rank].mutex);
      if (NcclApi::Comm comm = members_[rank].comm) done = check(calls(comm));
    }
    if (!done) end(done.error());
  }
  /// For all ranks by one thread, before they have threads of their own.
  template <class Calls>
  Status run_all(const Calls& calls) {
    FATHOM_CHECK(check(api_.group_start()));
    Status done;
    for (int rank = 0; rank < size() && done; ++rank)
      done = check(calls(rank, members_[rank].comm));
    const Status ended = check(api_.group_end());
    return done ? ended : done;
  }

  /// Nobody waits for anybody any more.
  void end(Error reason);
  Status status(int rank);

 private:
  /// The communicator ends when its rank, or another, can not go on.
  struct Member {
    std::mutex mutex;
    NcclApi::Comm comm = nullptr;
  };

  Status check(int result) const {
    if (result == NcclApi::kSuccess || result == NcclApi::kInProgress) return {};
    return fail(ErrorCode::device_lost, "the GPUs cannot reach each other: NCCL reports: {}",
                api_.get_error_string(result));
  }
  void end_all();

  const NcclApi api_;
  std::vector<Member> members_;
  std::mutex mutex_;
  Status status_;
};

Status Clique::join(std::span<const int> devices) {
  std::vector<NcclApi::Comm> comms(size());
  FATHOM_CHECK(check(api_.comm_init_all(comms.data(), size(), devices.data())));
  for (int rank = 0; rank < size(); ++rank) members_[rank].comm = comms[rank];
  return {};
}

void Clique::end(Error reason) {
  {
    const std::lock_guard lock(mutex_);
    if (status_) status_ = tl::unexpected<Error>(std::move(reason));
  }
  end_all();
}

void Clique::end_all() {
  for (Member& member : members_) {
    const std::lock_guard lock(member.mutex);
    if (member.comm != nullptr) api_.comm_abort(std::exchange(member.comm, nullptr));
  }
}

Status Clique::status(int rank) {
  run(rank, [&](NcclApi::Comm comm) {
    int error = NcclApi::kSuccess;
    const int asked = api_.comm_get_async_error(comm, &error);
    return asked != NcclApi::kSuccess ? asked : error;
  });
  const std::lock_guard lock(mutex_);
  return status_;
}

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(std::shared_ptr<Clique> clique, int rank, DeviceBackend& backend,
                   int64_t dear_bytes)
      : clique_(std::move(clique)),
        api_(clique_->api()),
        rank_(rank),
        device_(backend.device().index),
        dear_bytes_(dear_bytes),
        queue_(backend.queue()) {}

  int rank() const override { return rank_; }
  int size() const override { return clique_->size(); }
  void all_reduce_sum(Tensor x) override;
  void abort(Error reason) override { clique_->end(std::move(reason)); }
  Status status() const override { return clique_->status(rank_); }

  /// For exchanges of `n` numbers with each rank.
  bool reserve(int64_t n);
  /// Puts an exchange on the queue's stream: of the first n numbers to send, the same for all; of n
  /// for each rank.
  int gather(NcclApi::Comm comm, cudaStream_t stream, int64_t n);
  int swap(NcclApi::Comm comm, cudaStream_t stream, int64_t n);
  cudaStream_t stream() { return queue_.stream(); }
  Status sync();

 private:
  void gather(int64_t n);
  void sum_all(Tensor x);
  void sum_in_shares(Tensor x);
  /// bf16: what this rank sends, and behind it what it received, rank after rank.
  uint16_t* sent() const { return sent_; }
  uint16_t* parts() const { return sent_ + n_sent_; }

  const std::shared_ptr<Clique> clique_;
  const NcclApi& api_;
  const int rank_, device_;
  const int64_t dear_bytes_;
  Queue& queue_;
  DeviceScratch memory_;
  uint16_t* sent_ = nullptr;
  int64_t n_sent_ = 0;
};

/// Each rank sends at most size() times n numbers, and receives as many.
bool NcclCommunicator::reserve(int64_t n) {
  queue_.note(cudaSetDevice(device_));
  n_sent_ = size() * n;
  sent_ = static_cast<uint16_t*>(memory_.reserve(queue_, 2 * n_sent_ * sizeof(uint16_t)));
  return sent_ != nullptr;
}

int NcclCommunicator::gather(NcclApi::Comm comm, cudaStream_t stream, int64_t n) {
  return api_.all_gather(sent(), parts(), n, NcclApi::kBf16, comm, stream);
}

int NcclCommunicator::swap(NcclApi::Comm comm, cudaStream_t stream, int64_t n) {
  int result = api_.group_start();
  if (result != NcclApi::kSuccess) return result;
  for (int peer = 0; peer < size() && result == NcclApi::kSuccess; ++peer) {
    result = api_.send(sent() + peer * n, n, NcclApi::kBf16, peer, comm, stream);
    if (result == NcclApi::kSuccess)
      result = api_.receive(parts() + peer * n, n, NcclApi::kBf16, peer, comm, stream);
  }
  const int ended = api_.group_end();
  return result != NcclApi::kSuccess ? result : ended;
}

Status NcclCommunicator::sync() {
  queue_.wait();
  return status_of(queue_, "reaching the other GPUs");
}

void NcclCommunicator::all_reduce_sum(Tensor x) {
  const int64_t n_bytes = int64_t{x.rows} * x.cols * static_cast<int64_t>(sizeof(uint16_t));
  // Gathering brings each rank the parts of all others; in shares, twice its share of a part.
  const int64_t more_bytes = n_bytes * (size() - 1) * (size() - 2) / size();
  if (more_bytes <= dear_bytes_)
    sum_all(x);
  else
    sum_in_shares(x);
  // The others would wait for this rank's part.
  if (const Status own = status_of(queue_, "computing"); !own) clique_->end(own.error());
}

void NcclCommunicator::gather(int64_t n) {
  const cudaStream_t on = stream();  // may wait
  clique_->run(rank_, [&](NcclApi::Comm comm) { return gather(comm, on, n); });
}

void NcclCommunicator::sum_all(Tensor x) {
  const int64_t n = int64_t{x.rows} * x.cols;
  if (!reserve(n)) return;
  launch_round_rows(queue_, sent(), x);
  gather(n);
  launch_sum_parts(queue_, x, parts(), size(), n);
}

void NcclCommunicator::sum_in_shares(Tensor x) {
  const int share = (x.rows + size() - 1) / size();  // the last ranks may have fewer rows
  const int64_t n = int64_t{share} * x.cols;
  if (!reserve(n)) return;
  launch_round_rows(queue_, sent(), x);
  const cudaStream_t on = stream();
  clique_->run(rank_, [&](NcclApi::Comm comm) { return swap(comm, on, n); });

  const int first = std::min(rank_ * share, x.rows);
  const Tensor own = {x.row(first), std::min(share, x.rows - first), x.cols, x.stride};
  if (own.rows > 0) {
    launch_sum_parts(queue_, own, parts(), size(), n);
    launch_round_rows(queue_, sent(), own);
  }
  gather(n);
  launch_sum_parts(queue_, x, parts(), /*n_parts=*/1, 0);
}

/// NCCL connects ranks when they first exchange something in a way, and then waits for all of them.
/// Doing so here also finds what does not work before a model is loaded.
Status connect(Clique& clique, std::span<NcclCommunicator* const> ranks) {
  constexpr int64_t kNumbers = 1024;
  for (NcclCommunicator* rank : ranks)
    if (!rank->reserve(kNumbers)) return rank->sync();
  const auto sync_all = [&]() -> Status {
    for (NcclCommunicator* rank : ranks) FATHOM_CHECK(rank->sync());
    return {};
  };
  FATHOM_CHECK(clique.run_all([&](int rank, NcclApi::Comm comm) {
    return ranks[rank]->gather(comm, ranks[rank]->stream(), kNumbers);
  }));
  FATHOM_CHECK(sync_all());
  FATHOM_CHECK(clique.run_all([&](int rank, NcclApi::Comm comm) {
    return ranks[rank]->swap(comm, ranks[rank]->stream(), kNumbers);
  }));
  return sync_all();
}

}  // namespace

Result<Communicators> make_nccl_communicators(std::span<engine::Backend* const> backends,
                                              const NcclOptions& options) {
  FATHOM_TRY(api, NcclApi::load(options.library));
  const auto clique = std::make_shared<Clique>(api, static_cast<int>(backends.size()));
  Communicators communicators;
  std::vector<NcclCommunicator*> ranks;
  std::vector<int> devices;
  for (engine::Backend* backend : backends) {
    auto* device = dynamic_cast<DeviceBackend*>(backend);
    FATHOM_ASSERT(device != nullptr);
    devices.push_back(device->device().index);
    auto communicator = std::make_unique<NcclCommunicator>(clique, static_cast<int>(ranks.size()),
                                                           *device, options.dear_bytes);
    ranks.push_back(communicator.get());
    communicators.push_back(std::move(communicator));
  }
  FATHOM_CHECK(clique->join(devices));
  FATHOM_CHECK(connect(*clique, ranks));
  return communicators;
}

Result<std::string> nccl_version() {
  FATHOM_TRY(api, NcclApi::load(NcclOptions().library));
  return api.version;
}

}  // namespace fathom::cuda
