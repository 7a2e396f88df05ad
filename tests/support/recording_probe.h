// Remembers the choices that a model made.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/model.h"

namespace fathom::engine {

class RecordingProbe final : public Probe {
 public:
  struct Choices {
    int n_chosen = 0;
    std::vector<int32_t> chosen;  // [rows, n_chosen], each row as it came

    std::vector<int32_t> of_row(int row) const {
      const auto begin = chosen.begin() + int64_t{row} * n_chosen;
      return {begin, begin + n_chosen};
    }
  };

  void see(std::string_view, int, Tensor) override {}
  void see_choice(std::string_view what, int layer, const int32_t* chosen, int n_rows,
                  int n_chosen) override {
    Choices& c = choices[{std::string(what), layer}];
    c.n_chosen = n_chosen;
    c.chosen.insert(c.chosen.end(), chosen, chosen + int64_t{n_rows} * n_chosen);
  }

  std::map<std::pair<std::string, int>, Choices> choices;  // of what, in which layer
};

}  // namespace fathom::engine
