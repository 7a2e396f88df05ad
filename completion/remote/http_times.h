// How long a server may take.
//
// Threads: any; plain data.

#pragma once

#include <chrono>

namespace fathom::completion {

/// How long each phase of a request may take.
struct HttpTimes {
  std::chrono::milliseconds connect{5'000};  // with the look-up of the name
  std::chrono::milliseconds tls{10'000};
  std::chrono::milliseconds answer{120'000};  // to begin: a long prompt, a busy server
  std::chrono::milliseconds event{60'000};    // from one to the next
};

}  // namespace fathom::completion
