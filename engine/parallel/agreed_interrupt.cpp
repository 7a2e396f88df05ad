#include "engine/parallel/agreed_interrupt.h"

namespace fathom::engine {

bool AgreedInterrupt::requested_at(int question) {
  const std::lock_guard lock(mutex_);
  if (question == n_asked_) {
    if (question < stop_at_ && interrupt_.requested()) stop_at_ = question;
    ++n_asked_;
  }
  return question >= stop_at_;
}

}  // namespace fathom::engine
