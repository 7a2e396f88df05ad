// The Probe of a batch at one layer; costs a comparison where there is none.

#pragma once

#include "engine/model.h"

namespace fathom::engine {

struct LayerProbe {
  Probe* probe = nullptr;
  int layer = Probe::kNoLayer;

  void see(std::string_view what, Tensor x) const {
    if (probe) probe->see(what, layer, x);
  }
  /// The experts of the first `n_rows` tokens.
  void see_routes(const Routes& routes, int n_rows) const {
    if (probe) probe->see_choice("router_ids", layer, routes.experts, n_rows, routes.n_active);
  }
  /// The groups of the first `n_rows` tokens; -1 where there are fewer.
  void see_groups(const ChosenGroups& chosen, int n_rows) const {
    if (probe) probe->see_choice("index_topk", layer, chosen.groups, n_rows, chosen.limit);
  }
};

}  // namespace fathom::engine
