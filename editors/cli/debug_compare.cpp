// fathom debug-compare: where a model begins to differ from another implementation of it.

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <nlohmann/json.hpp>

#include "completion/model_location.h"
#include "editors/cli/command.h"
#include "editors/cli/golden_values.h"
#include "editors/cli/model_options.h"
#include "editors/cli/output.h"
#include "engine/kv_memory.h"
#include "engine/model.h"

namespace fathom::cli {
namespace {

using engine::Tensor;

/// Of the largest number of an activation: f32 and another order of sums stay a hundred times
/// below.
constexpr double kTolerance = 1e-3;

struct Options {
  std::string model;
  std::string golden;
  std::string backend = "reference";
  int n_threads = 0;
  bool json = false;
};

/// Of one activation, over all prompts. Choices count rows: `difference` those that differ.
struct Finding {
  std::string name;
  bool is_choice = false;
  double largest = 0;
  double difference = 0;

  bool exceeds() const { return !(difference <= (is_choice ? 0.0 : kTolerance * largest)); }
};

/// Compares what it sees of one prompt after the other; in the order of the computation.
class Comparison final : public engine::Probe {
 public:
  Comparison(const GoldenValues& golden, engine::Backend& backend)
      : golden_(golden), backend_(backend) {}

  void begin(size_t prompt) {
    prompt_ = prompt;
    norm_row_ = 0;
  }
  const std::vector<Finding>& findings() const { return findings_; }
  const Status& status() const { return status_; }

  void see(std::string_view what, int layer, Tensor x) override {
    const auto expected = golden_.floats(prompt_, full_name(what, layer));
    if (expected.n_rows == 0 || !status_) return;
    std::vector<float> numbers(size_t(x.rows) * x.cols);
    status_ = backend_.download(numbers, x);
    const GoldenPrompt& p = prompt();
    // The model shows the final norm in pieces, of the rows whose logits are wanted.
    if (what == "final_norm") {
      compare(full_name(what, layer), numbers, x.cols, expected, norm_row_, x.rows);
      norm_row_ += x.rows;
    } else if (expected.n_rows == x.rows) {
      compare(full_name(what, layer), numbers, x.cols, expected, 0, x.rows);
    } else {
      std::vector<float> rows;
      for (const int32_t position : p.positions)
        rows.insert(rows.end(), numbers.begin() + int64_t{position} * x.cols,
                    numbers.begin() + (int64_t{position} + 1) * x.cols);
      compare(full_name(what, layer), rows, x.cols, expected, 0,
              static_cast<int64_t>(p.positions.size()));
    }
  }

  void see_logits(std::span<const float> logits) {
    const auto expected = golden_.floats(prompt_, "logits");
    const auto n = static_cast<int64_t>(prompt().positions.size());
    if (n > 0) compare("logits", logits, static_cast<int64_t>(logits.size()) / n, expected, 0, n);
  }

  // Both backends that there are compute on the host: what was chosen can be read where it is.
  void see_choice(std::string_view what, int layer, const int32_t* chosen, int n_rows,
                  int n_chosen) override {
    const std::string name = full_name(what, layer);
    const auto row_of = [&](int64_t row) {
      std::vector<int32_t> sorted(chosen + row * n_chosen, chosen + (row + 1) * n_chosen);
      std::erase(sorted, -1);
      std::ranges::sort(sorted);
      return sorted;
    };
    if (const auto picked = prompt().picked.find(name); picked != prompt().picked.end())
      for (const auto& [position, expected] : picked->second)
        if (position < n_rows) count(name, row_of(position) == expected);
    const auto expected = golden_.integers(prompt_, name);
    if (expected.n_rows != n_rows || expected.numbers.size() != size_t(n_rows) * n_chosen) return;
    for (int64_t row = 0; row < n_rows; ++row) {
      const auto begin = expected.numbers.begin() + row * n_chosen;
      count(name, std::ranges::equal(row_of(row), std::span(begin, n_chosen)));
    }
  }

 private:
  const GoldenPrompt& prompt() const { return golden_.prompts()[prompt_]; }

  static std::string full_name(std::string_view what, int layer) {
    return layer == kNoLayer ? std::string(what) : fmt::format("layer{}.{}", layer, what);
  }

  Finding& finding(const std::string& name) {
    const auto found = std::ranges::find(findings_, name, &Finding::name);
    return found == findings_.end() ? findings_.emplace_back(Finding{.name = name}) : *found;
  }

  void count(const std::string& name, bool is_same) {
    Finding& f = finding(name);
    f.is_choice = true;
    f.largest += 1;
    f.difference += is_same ? 0 : 1;
  }

  /// `numbers` [n_rows, cols] with the rows from `first` on.
  void compare(const std::string& name, std::span<const float> numbers, int64_t cols,
               const GoldenValues::Rows<float>& expected, int64_t first, int64_t n_rows) {
    Finding& f = finding(name);
    if (first + n_rows > expected.n_rows ||
        static_cast<int64_t>(expected.numbers.size()) != expected.n_rows * cols) {
      f.difference = HUGE_VAL;  // another shape is another model
      return;
    }
    for (int64_t i = 0; i < n_rows * cols; ++i) {
      const double other = expected.numbers[first * cols + i];
      const double difference = std::abs(numbers[i] - other);
      f.largest = std::max(f.largest, std::abs(other));
      if (!(difference <= f.difference)) f.difference = difference;  // NaN too, and it stays
    }
  }

  const GoldenValues& golden_;
  engine::Backend& backend_;
  Status status_;
  size_t prompt_ = 0;
  int64_t norm_row_ = 0;
  std::vector<Finding> findings_;
};

class Never final : public engine::Interrupt {
 public:
  bool requested() const override { return false; }
};

Status run_prompt(const GoldenPrompt& p, engine::Model& model, engine::Backend& backend,
                  Comparison& comparison) {
  const int n = static_cast<int>(p.ids.size());
  FATHOM_TRY(cache, engine::KvMemory::allocate(model, backend, n));
  std::vector<int32_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  const engine::SequenceRows rows = {.n_rows = n, .slots = numbers};
  std::vector<float> logits(p.positions.size() * model.size().vocab_size);
  FATHOM_CHECK(model.forward({.tokens = p.ids,
                              .positions = numbers,
                              .slots = numbers,
                              .sequences = {&rows, 1},
                              .logit_rows = p.positions,
                              .probe = &comparison},
                             cache.store, logits, Never()));
  comparison.see_logits(logits);
  return comparison.status();
}

void print(const std::vector<Finding>& findings, const Finding* first) {
  write_out(fmt::format("{:<24} {:>12} {:>12}\n", "activation", "largest", "difference"));
  for (const Finding& f : findings)
    write_out(fmt::format("{:<24} {:>12.6g} {:>12.3g}{}\n", f.name, f.largest, f.difference,
                          f.exceeds() ? "  differs" : ""));
  write_out(first ? fmt::format("differs first in {}\n", first->name)
                  : fmt::format("equal within {} of the largest number\n", kTolerance));
}

Json to_json(const std::vector<Finding>& findings, const Finding* first) {
  Json json = {{"equal", first == nullptr},
               {"first", first ? Json(first->name) : Json(nullptr)},
               {"activations", Json::array()}};
  for (const Finding& f : findings)
    json["activations"].push_back({{"name", f.name},
                                   {"largest", f.largest},
                                   {"difference", f.difference},
                                   {"differs", f.exceeds()}});
  return json;
}

Result<ExitCode> debug_compare(const Options& options) {
  FATHOM_TRY(checkpoint, completion::open_model(options.model));
  FATHOM_TRY(backend, engine::make_backend(options.backend, {.n_threads = options.n_threads}));
  FATHOM_TRY(golden, GoldenValues::read(*checkpoint, options.golden));
  size_t longest = 0;
  for (const GoldenPrompt& p : golden.prompts()) longest = std::max(longest, p.ids.size());
  FATHOM_TRY(model,
             engine::load_model(checkpoint, *backend, {.max_batch = static_cast<int>(longest)}));
  for (const GoldenPrompt& p : golden.prompts())
    if (std::ranges::max(p.ids) >= model->size().vocab_size)
      return fail(ErrorCode::corrupt, "the golden prompts have tokens that {} has not",
                  checkpoint->source());

  Comparison comparison(golden, *backend);
  for (size_t i = 0; i < golden.prompts().size(); ++i) {
    comparison.begin(i);
    FATHOM_CHECK(run_prompt(golden.prompts()[i], *model, *backend, comparison));
  }
  const std::vector<Finding>& findings = comparison.findings();
  const auto found = std::ranges::find_if(findings, &Finding::exceeds);
  const Finding* first = found == findings.end() ? nullptr : &*found;
  if (options.json)
    write_json(to_json(findings, first));
  else
    print(findings, first);
  return first ? ExitCode::findings : ExitCode::ok;
}

}  // namespace

Action add_debug_compare(CLI::App& command) {
  auto options = std::make_shared<Options>();
  command.add_option("MODEL,--model", options->model, "GGUF file or Hugging Face folder")
      ->type_name("PATH")
      ->required();
  command
      .add_option("--golden", options->golden,
                  "folder of golden.json and golden.safetensors (default: beside the model)")
      ->type_name("DIR");
  command.add_option("--backend", options->backend, "reference (default), cpu or auto")
      ->type_name("NAME");
  command.add_option("--threads", options->n_threads, "0: one for each core (default)")
      ->check(CLI::Range(0, 1024).description(""))
      ->type_name("N");
  add_json_option(command, options->json);
  return [options] { return debug_compare(*options); };
}

}  // namespace fathom::cli
