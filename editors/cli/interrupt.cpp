#include "editors/cli/interrupt.h"

#include <csignal>

namespace fathom::cli {
namespace {

// A signal handler can reach nothing but globals. Lives until the process ends.
CancelSource* interrupt_source = nullptr;

extern "C" void on_interrupt(int signal) {
  std::signal(signal, SIG_DFL);
  interrupt_source->cancel();
}

}  // namespace

CancelToken cancel_on_interrupt() {
  static CancelSource source;
  interrupt_source = &source;
  std::signal(SIGINT, on_interrupt);
  return source.token();
}

void end_on_interrupt() { std::signal(SIGINT, SIG_DFL); }

}  // namespace fathom::cli
