#include "editors/cli/plan_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/plan/assumptions.h"
#include "engine/plan/busiest_rank.h"

namespace fathom::cli {
namespace {

using engine::DType;
using engine::Placement;
using engine::ShardedPlan;
using engine::Stage;

constexpr const char* kPartKeys[engine::kParts] = {
    "embedding", "attention", "dense_and_shared", "routed_experts", "head", "draft"};
constexpr const char* kPlaceKeys[] = {"processor", "gpu", "both"};

double per_second(double seconds, double n = 1) { return seconds > 0 ? n / seconds : 0; }

Json decode_json(const engine::DecodeTime& t) {
  return {{"read_ms", 1e3 * t.read_s},
          {"sync_ms", 1e3 * t.sync_s},
          {"exchange_ms", 1e3 * t.exchange_s},
          {"total_ms", 1e3 * t.total_s()},
          {"tokens_per_s", per_second(t.total_s())}};
}

Json prefill_json(std::optional<double> seconds, int n_tokens) {
  if (!seconds) return nullptr;
  return {{"tokens", n_tokens},
          {"ms", 1e3 * *seconds},
          {"tokens_per_s", per_second(*seconds, n_tokens)}};
}

Json stage_json(const Stage& stage) {
  Json bytes = Json::object();
  for (int i = 0; i < engine::kParts; ++i) bytes[kPartKeys[i]] = stage.need.part_bytes[i];
  bytes["cache"] = stage.need.cache_bytes;
  bytes["scratch"] = stage.need.scratch_bytes;
  bytes["total"] = stage.need.total_bytes();
  return {{"first_layer", stage.first_layer},
          {"layers", stage.n_layers},
          {"bytes_per_rank", bytes},
          {"free_bytes", stage.free_bytes},
          {"read_bytes_per_token", stage.need.total_read_bytes()}};
}

Json shards_json(const PlanReport& report) {
  const ShardedPlan& plan = *report.shards;
  Json stages = Json::array();
  for (const Stage& stage : plan.stages) stages.push_back(stage_json(stage));
  return {{"gpus", plan.n_gpus},
          {"ranks_per_stage", plan.ranks_per_stage},
          {"stages", stages},
          {"gpus_needed", plan.gpus_needed ? Json(*plan.gpus_needed) : Json(nullptr)},
          {"decode", decode_json(plan.decode)},
          {"prefill", prefill_json(plan.prompt_s, engine::prompt_tokens(report.context_tokens))}};
}

Json placement_json(const Placement& p, int context_tokens) {
  return {{"place", kPlaceKeys[static_cast<int>(p.place)]},
          {"fits", p.fits},
          {"gpu_bytes", p.gpu_bytes},
          {"memory_bytes", p.memory_bytes},
          {"layers_on_gpu", p.layers_on_gpu},
          {"expert_layers_on_gpu", p.expert_layers_on_gpu},
          {"experts_in_memory", p.experts_in_memory},
          {"decode", decode_json(p.decode)},
          {"prefill", prefill_json(p.prompt_s, engine::prompt_tokens(context_tokens))}};
}

Json model_json(const PlanReport& report) {
  const engine::ModelParts& m = report.model;
  const engine::Piece token = passed_by_token(m);
  const int64_t cache = cache_bytes_per_token(m, m.cache_type);
  return {{"name", m.name},
          {"layers", m.n_layers},
          {"parameters", n_parameters(m)},
          {"weight_bytes", weight_bytes(m)},
          {"parameters_per_token", token.n_parameters},
          {"weight_bytes_per_token", token.n_bytes},
          {"context_tokens", report.context_tokens},
          {"cache",
           {{"type", engine::info(m.cache_type).name},
            {"bytes_per_token", cache},
            {"bytes_per_token_bf16", cache_bytes_per_token(m, DType::bf16)},
            {"bytes_per_token_q8_0", cache_bytes_per_token(m, DType::q8_0)},
            {"bytes", cache * report.context_tokens}}}};
}

Json gpu_json(const engine::Gpu& gpu) {
  return {{"name", gpu.name},
          {"usable_bytes", usable_bytes(gpu)},
          {"bytes_per_s", gpu.bytes_per_s},
          {"flops_per_s", gpu.flops_per_s},
          {"link", gpu.link.name},
          {"link_bytes_per_s", gpu.link.bytes_per_s}};
}

}  // namespace

bool fits(const PlanReport& report) {
  if (report.shards) return report.shards->fits;
  return std::any_of(report.placements.begin(), report.placements.end(),
                     [](const Placement& p) { return p.fits; });
}

Json plan_json(const PlanReport& report) {
  Json json = {{"model", model_json(report)},
               {"gpu", report.machine.gpu ? gpu_json(*report.machine.gpu) : Json(nullptr)},
               {"fits", fits(report)}};
  if (report.shards) {
    json["shards"] = shards_json(report);
  } else {
    json["memory_bytes"] = report.machine.memory_bytes;
    json["placements"] = Json::array();
    for (const Placement& p : report.placements)
      json["placements"].push_back(placement_json(p, report.context_tokens));
  }
  json["assumptions"] = plan_assumptions(report);
  return json;
}

std::vector<std::string> plan_assumptions(const PlanReport& report) {
  const engine::ModelParts& m = report.model;
  const int n_ranks = report.shards ? report.shards->ranks_per_stage : 1;
  std::vector<std::string> list = {
      "weights of a token and the cache of a full context are read once, at the memory's full "
      "speed",
      fmt::format("scratch memory is for steps of {} tokens", engine::kStepRows)};
  if (!report.shards)
    list.push_back(fmt::format(
        "the processor's memory gives {:.0f} GB/s: `fathom bench` measures it; its prompts are not "
        "estimated",
        engine::kProcessorBytesPerSecond / 1e9));
  if (!report.machine.gpu) return list;

  const engine::Gpu& gpu = *report.machine.gpu;
  list.push_back(fmt::format("{:.0f} GiB of a GPU are left to its driver and libraries",
                             static_cast<double>(engine::kReservedBytes) / (1 << 30)));
  list.push_back(fmt::format("a layer has {} steps that wait for each other, {:.2f} us each",
                             engine::kPhasesPerLayer, 1e6 * engine::kPhaseSeconds));
  list.push_back(fmt::format("prompts reach {:.0f} % of {:.0f} TFLOP/s, whatever the weights' type",
                             100 * engine::kPromptEfficiency, gpu.flops_per_s / 1e12));
  if (!report.shards)
    list.push_back(fmt::format("{:.0f} us a layer whose experts the processor computes",
                               1e6 * engine::kRoundTripSeconds));
  if (n_ranks > 1)
    list.push_back(fmt::format(
        "{} sums a layer over {} ranks of {} BF16 numbers: {:.0f} us and {:.0f} GB/s ({} "
        "between all)",
        engine::kSumsPerLayer, n_ranks, m.dim, 1e6 * gpu.link.latency_s, gpu.link.bytes_per_s / 1e9,
        gpu.link.name));
  if (n_ranks > 1 && m.n_experts > 0)
    list.push_back(fmt::format(
        "experts are chosen evenly: the busiest rank has {:.2f} of a token's {}, the others wait",
        engine::experts_on_busiest_rank(m.n_experts, m.n_active, n_ranks), m.n_active));
  return list;
}

}  // namespace fathom::cli
