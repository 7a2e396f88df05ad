#include "lsp/pause.h"

#include <utility>

namespace fathom::lsp {

void Pause::then(std::function<void()> task) {
  transport_.call_after(length_, [this, id = ++newest_, task = std::move(task)] {
    if (id == newest_) task();
  });
}

}  // namespace fathom::lsp
