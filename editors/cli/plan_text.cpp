#include "editors/cli/plan_text.h"

#include <algorithm>

namespace fathom::cli {
namespace {

using engine::DType;
using engine::Part;
using engine::Placement;
using engine::ShardedPlan;
using engine::Stage;

constexpr std::string_view kPlaceRow = "{:<10}{:>9}{:>12}{:>6}{:>11}{:>10}{:>16}\n";

double gb(int64_t n_bytes) { return static_cast<double>(n_bytes) / 1e9; }

std::string describe_model(const PlanReport& report) {
  const engine::ModelParts& m = report.model;
  const engine::Piece token = passed_by_token(m);
  const int64_t cache = cache_bytes_per_token(m, m.cache_type);
  return fmt::format(
      "{}: {:.2f} G parameters in {} layers, {:.1f} GB\n"
      "  a token passes {:.4f} G parameters and reads {:.2f} GB of weights\n"
      "  cache: {} bytes a token as {}, {} as q8_0; {:.2f} GB for {} tokens as {}\n",
      printable(m.name), static_cast<double>(n_parameters(m)) / 1e9, m.n_layers,
      gb(weight_bytes(m)), static_cast<double>(token.n_parameters) / 1e9, gb(token.n_bytes), cache,
      engine::info(m.cache_type).name, cache_bytes_per_token(m, DType::q8_0),
      gb(cache * report.context_tokens), report.context_tokens, engine::info(m.cache_type).name);
}

std::string describe_gpu(const engine::Gpu& gpu) {
  return fmt::format("{} ({} GiB, {:.1f} GB usable; {:.2f} TB/s, {:.0f} TFLOP/s, {})", gpu.title,
                     gpu.memory_gib, gb(usable_bytes(gpu)), gpu.bytes_per_s / 1e12,
                     gpu.flops_per_s / 1e12, gpu.link.name);
}

/// Who shares what.
std::string describe_sharing(const PlanReport& report) {
  const engine::ModelParts& m = report.model;
  const ShardedPlan& plan = *report.shards;
  const int n = plan.ranks_per_stage;
  std::string text;
  if (plan.stages.size() > 1)
    text +=
        fmt::format("  {} groups of {}, with some of the layers each, work one after the other\n",
                    plan.stages.size(), n);
  if (n == 1) return text;
  text +=
      fmt::format("  a layer is shared by {} ranks: {} of {} heads", n, m.n_heads / n, m.n_heads);
  if (m.n_experts > 0)
    text += fmt::format(" and {} of {} experts each", (m.n_experts + n - 1) / n, m.n_experts);
  return text + "; what cannot be split is on every rank\n";
}

struct Column {
  std::string_view title;
  int width;
};

/// By engine::Part.
constexpr Column kParts[engine::kParts] = {{"embedding", 10},     {"attention", 10},
                                           {"dense, shared", 14}, {"routed", 8},
                                           {"head", 7},           {"draft", 7}};

std::string describe_stage(const Stage& stage) {
  std::string row = fmt::format(
      "{:<8}", fmt::format("{}-{}", stage.first_layer, stage.first_layer + stage.n_layers - 1));
  for (int i = 0; i < engine::kParts; ++i)
    row += fmt::format("{:>{}.2f}", gb(stage.need.part_bytes[i]), kParts[i].width);
  return row + fmt::format("{:>8.2f}{:>9.2f}{:>9.2f}{:>9.2f}\n", gb(stage.need.cache_bytes),
                           gb(stage.need.scratch_bytes), gb(stage.need.total_bytes()),
                           gb(stage.free_bytes));
}

std::string describe_verdict(const ShardedPlan& plan) {
  const auto fullest =
      std::min_element(plan.stages.begin(), plan.stages.end(),
                       [](const Stage& a, const Stage& b) { return a.free_bytes < b.free_bytes; });
  if (plan.fits)
    return fmt::format("fits: yes, {:.1f} GB left on the fullest rank\n", gb(fullest->free_bytes));
  return fmt::format("fits: no, {:.1f} GB a rank are missing; {}\n", -gb(fullest->free_bytes),
                     plan.gpus_needed ? fmt::format("{} of these GPUs would do", *plan.gpus_needed)
                                      : "no number of these GPUs would do");
}

std::string describe_times(const PlanReport& report) {
  const ShardedPlan& plan = *report.shards;
  const engine::DecodeTime& t = plan.decode;
  int64_t n_bytes = 0;
  for (const Stage& stage : plan.stages) n_bytes += stage.need.total_read_bytes();
  const int n_prompt = engine::prompt_tokens(report.context_tokens);
  const auto line = [](std::string_view what, double seconds) {
    return fmt::format("  {:<54}{:>8.2f} ms\n", what, 1e3 * seconds);
  };
  return fmt::format("one token, alone: {:.0f} tokens/s\n", 1 / t.total_s()) +
         line(fmt::format("reading {:.2f} GB on the busiest rank{}", gb(n_bytes),
                          plan.stages.size() > 1 ? " of each group" : ""),
              t.read_s) +
         line("steps that wait for each other", t.sync_s) +
         line("sums between ranks", t.exchange_s) + line("together", t.total_s()) +
         fmt::format("a prompt of {} tokens: {:.0f} ms, {:.0f} tokens/s\n", n_prompt,
                     1e3 * plan.prompt_s, n_prompt / plan.prompt_s);
}

std::string describe_shards(const PlanReport& report) {
  const ShardedPlan& plan = *report.shards;
  std::string text = fmt::format("\n{} x {}\n", plan.n_gpus, describe_gpu(*report.machine.gpu));
  text += describe_sharing(report);
  text += fmt::format("\nGB a rank\n{:<8}", "layers");
  for (const Column& column : kParts) text += fmt::format("{:>{}}", column.title, column.width);
  text += fmt::format("{:>8}{:>9}{:>9}{:>9}\n", "cache", "scratch", "total", "free");
  for (const Stage& stage : plan.stages) text += describe_stage(stage);
  text += describe_verdict(plan);
  return plan.fits ? text + "\n" + describe_times(report) : text;
}

std::string describe_place(const Placement& p, const PlanReport& report) {
  constexpr std::string_view kNames[] = {"processor", "GPU", "both"};
  const auto bytes = [](int64_t n) {
    return n > 0 ? fmt::format("{:.2f}", gb(n)) : std::string("-");
  };
  // How fast it would be is of no use where it cannot be.
  const auto figure = [&](double x) { return p.fits ? fmt::format("{:.1f}", x) : "-"; };
  std::string text =
      fmt::format(kPlaceRow, kNames[static_cast<int>(p.place)], bytes(p.gpu_bytes),
                  bytes(p.memory_bytes), p.fits ? "yes" : "no", figure(1e3 * p.decode.total_s()),
                  figure(1 / p.decode.total_s()), p.prompt_s ? figure(1e3 * *p.prompt_s) : "-");
  if (p.place != engine::Place::both) return text;
  text += fmt::format("  on the GPU: attention and dense networks of {} of {} layers",
                      p.layers_on_gpu, report.model.layers.size());
  if (report.model.n_experts > 0)
    text += fmt::format(", routed experts of {}; {:.0f} % of the experts' bytes stay in memory",
                        p.expert_layers_on_gpu, 100 * p.experts_in_memory);
  return text + "\n";
}

std::string describe_machine(const PlanReport& report) {
  const int n_prompt = engine::prompt_tokens(report.context_tokens);
  std::string text =
      fmt::format("\nthis machine: {:.1f} GB of memory free\n", gb(report.machine.memory_bytes));
  if (report.machine.gpu) text += fmt::format("and 1 x {}\n", describe_gpu(*report.machine.gpu));
  text += '\n';
  text += fmt::format(kPlaceRow, "where", "GPU GB", "memory GB", "fits", "ms/token", "tokens/s",
                      fmt::format("ms/{} tokens", n_prompt));
  for (const Placement& p : report.placements) text += describe_place(p, report);
  return text;
}

}  // namespace

std::string plan_text(const PlanReport& report) {
  std::string text = describe_model(report);
  text += report.shards ? describe_shards(report) : describe_machine(report);
  text += "\nEstimates on paper: nothing was loaded or measured. They assume that\n";
  for (const std::string& sentence : plan_assumptions(report))
    text += fmt::format("  - {}\n", sentence);
  return text;
}

}  // namespace fathom::cli
