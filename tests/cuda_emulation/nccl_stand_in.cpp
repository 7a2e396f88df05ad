// A library with NCCL's functions as far as fathom calls them, for the emulation: ranks are
// threads. Semantics: nccl.h and NCCL's user guide.
//
// Calls wait for nobody. What they put on a stream is done when the streams of the ranks that it
// needs have come as far; the stream waits until then, or until the communicator is aborted. Calls
// that do not match those of the other ranks become an error of the communicator.

#include "tests/cuda_emulation/nccl_stand_in.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/cuda_emulation/runtime_api.h"

namespace {

enum Result { success = 0, system_error = 2, invalid_argument = 4, invalid_usage = 5 };

size_t size_of(int type) { return type == 9 ? 2 : 0; }  // ncclBfloat16

struct Clique;

}  // namespace

struct ncclComm {
  std::shared_ptr<Clique> clique;
  int rank;
  bool has_ended = false;
  int async_error = 0;
  size_t n_gathers = 0;  // queued
};

namespace {

struct Message {
  const void* from;
  void* to;
  size_t size;
  bool is_done = false;
};

struct Gather {
  std::vector<const void*> from;
  std::vector<void*> to;
  size_t size = 0;
  int n_ready = 0;
  bool is_done = false;
};

struct Clique {
  explicit Clique(int n) : n_ranks(n) {}
  const int n_ranks;
  std::vector<std::unique_ptr<ncclComm>> comms;
  std::deque<Gather> gathers;  // by number; all of them, as tests are short
  // By sender and receiver, those that wait for the other side.
  std::map<std::pair<int, int>, std::deque<Message*>> sends, receives;
};

struct Library {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Clique>> cliques;  // for good: who calls with one that ended is found
  int version = 22809;
  int calls_before_failure = -1;
  int async_error = 0;
  int n_gathers = 0, n_sends = 0, n_open = 0;
};

Library& library() {
  static auto* all = new Library;
  return *all;
}

struct Call {
  enum Kind { gather, send, receive } kind;
  ncclComm* comm;
  const void* from;
  void* to;
  size_t size;
  int peer;
  cudaStream_t stream;
  // While it is under way:
  size_t number = 0;
  Message message = {};
  bool is_wrong = false;
};

thread_local int group_depth = 0;
thread_local int group_error = 0;  // of a call since the group began
thread_local std::deque<Call> group;

void check_is_open(const ncclComm* comm) {
  if (!comm->has_ended) return;
  std::fprintf(stderr, "a communicator of NCCL is used after its end\n");
  std::abort();
}

void finish(Gather& gather) {
  const int n = static_cast<int>(gather.from.size());
  for (int to = 0; to < n; ++to)
    for (int from = 0; from < n; ++from)
      std::memmove(static_cast<char*>(gather.to[to]) + from * gather.size, gather.from[from],
                   gather.size);
  gather.is_done = true;
  ++library().n_gathers;
}

void meet(Call& call, std::deque<Message*>& own_side, std::deque<Message*>& other_side) {
  if (other_side.empty()) {
    own_side.push_back(&call.message);
    return;
  }
  Message& other = *other_side.front();
  other_side.pop_front();
  call.is_wrong = other.size != call.message.size;
  const bool sends = call.kind == Call::send;
  if (!call.is_wrong)
    std::memcpy(sends ? other.to : call.to, sends ? call.from : other.from, call.size);
  other.is_done = call.message.is_done = true;
  ++library().n_sends;
}

void begin(Call& call) {
  Clique& clique = *call.comm->clique;
  const int rank = call.comm->rank;
  if (call.kind != Call::gather) {
    call.message = {call.from, call.to, call.size};
    const bool sends = call.kind == Call::send;
    const auto path = sends ? std::pair(rank, call.peer) : std::pair(call.peer, rank);
    auto &own = sends ? clique.sends[path] : clique.receives[path],
         &other = sends ? clique.receives[path] : clique.sends[path];
    return meet(call, own, other);
  }
  call.number = call.comm->n_gathers++;
  if (clique.gathers.size() <= call.number) clique.gathers.resize(call.number + 1);
  Gather& gather = clique.gathers[call.number];
  gather.from.resize(clique.n_ranks);
  gather.to.resize(clique.n_ranks);
  if (gather.n_ready == 0) gather.size = call.size;
  call.is_wrong = gather.size != call.size;
  gather.from[rank] = call.from;
  gather.to[rank] = call.to;
  if (++gather.n_ready == clique.n_ranks && !call.is_wrong) finish(gather);
}

bool is_over(const Call& call) {
  return call.comm->has_ended || call.is_wrong ||
         (call.kind == Call::gather ? call.comm->clique->gathers[call.number].is_done
                                    : call.message.is_done);
}

using Calls = std::deque<Call>;

/// Waits for those calls of a group that were put on one stream.
void finish(Calls& calls, cudaStream_t stream) {
  std::unique_lock lock(library().mutex);
  for (Call& call : calls) {
    if (call.stream != stream) continue;
    library().changed.wait(lock, [&] { return is_over(call); });
    if (call.is_wrong) call.comm->async_error = invalid_usage;
    // What is left of an aborted one must not be found later.
    for (auto* waiting : {&call.comm->clique->sends, &call.comm->clique->receives})
      for (auto& [path, messages] : *waiting) std::erase(messages, &call.message);
  }
}

/// Those calls of a group that were put on one stream.
void begin(Calls& calls, cudaStream_t stream) {
  const std::lock_guard lock(library().mutex);
  for (Call& call : calls)
    if (call.stream == stream) begin(call);
  library().changed.notify_all();
}

std::vector<cudaStream_t> streams_of(const Calls& calls) {
  std::vector<cudaStream_t> streams;
  for (const Call& call : calls)
    if (std::find(streams.begin(), streams.end(), call.stream) == streams.end())
      streams.push_back(call.stream);
  return streams;
}

int run_group() {
  auto calls = std::make_shared<Calls>(std::exchange(group, {}));
  if (const int error = std::exchange(group_error, success); error != success) return error;
  for (cudaStream_t stream : streams_of(*calls)) {
    // Where nothing is before them they begin although nobody waits for the stream yet.
    const bool has_begun = stream->queued.empty();
    if (has_begun) begin(*calls, stream);
    stream->queued.push_back([calls, stream, has_begun] {
      if (!has_begun) begin(*calls, stream);
      finish(*calls, stream);
      return cudaSuccess;
    });
  }
  return success;
}

int check(const Call& call, int type) {
  const std::lock_guard lock(library().mutex);
  check_is_open(call.comm);
  if (library().calls_before_failure >= 0 && library().calls_before_failure-- == 0)
    return system_error;
  const bool is_known =
      size_of(type) > 0 && call.peer >= 0 && call.peer < call.comm->clique->n_ranks;
  return is_known ? success : invalid_argument;
}

int add(Call call, int type) {
  if (const int error = check(call, type); error != success) {
    if (group_depth > 0) group_error = error;
    return error;
  }
  call.size *= size_of(type);
  group.push_back(call);
  return group_depth > 0 ? success : run_group();
}

}  // namespace

extern "C" {

int ncclGetVersion(int* version) {
  *version = library().version;
  return success;
}

const char* ncclGetErrorString(int result) {
  return result == success        ? "no error"
         : result == system_error ? "unhandled system error"
                                  : "invalid usage";
}

int ncclCommInitAll(ncclComm** comms, int n, const int* devices) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < i; ++j)
      if (devices[i] == devices[j]) return invalid_usage;
  const std::lock_guard lock(library().mutex);
  const auto clique = library().cliques.emplace_back(std::make_shared<Clique>(n));
  for (int rank = 0; rank < n; ++rank) {
    clique->comms.push_back(std::make_unique<ncclComm>(ncclComm{clique, rank}));
    comms[rank] = clique->comms.back().get();
    ++library().n_open;
  }
  return success;
}

int ncclCommAbort(ncclComm* comm) {
  const std::lock_guard lock(library().mutex);
  check_is_open(comm);
  comm->has_ended = true;
  --library().n_open;
  library().changed.notify_all();
  return success;
}

int ncclCommGetAsyncError(ncclComm* comm, int* error) {
  const std::lock_guard lock(library().mutex);
  check_is_open(comm);
  *error = comm->async_error != success ? comm->async_error : library().async_error;
  return success;
}

int ncclGroupStart() {
  ++group_depth;
  return success;
}

int ncclGroupEnd() { return --group_depth > 0 ? int{success} : run_group(); }

int ncclAllGather(const void* from, void* to, size_t n, int type, ncclComm* comm,
                  cudaStream_t stream) {
  return add({Call::gather, comm, from, to, n, 0, stream}, type);
}

int ncclSend(const void* from, size_t n, int type, int peer, ncclComm* comm, cudaStream_t stream) {
  return add({Call::send, comm, from, nullptr, n, peer, stream}, type);
}

int ncclRecv(void* to, size_t n, int type, int peer, ncclComm* comm, cudaStream_t stream) {
  return add({Call::receive, comm, nullptr, to, n, peer, stream}, type);
}

void stand_in_set_version(int version) { library().version = version; }
void stand_in_fail_call(int n) { library().calls_before_failure = n; }
void stand_in_set_async_error(int error) { library().async_error = error; }
int stand_in_gathers() { return library().n_gathers; }
int stand_in_sends() { return library().n_sends; }
int stand_in_open() { return library().n_open; }
}
