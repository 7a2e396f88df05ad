// What `fathom plan` found, as JSON.
//
// Threads: any.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "editors/cli/output.h"
#include "engine/plan/machine_plan.h"
#include "engine/plan/model_parts.h"
#include "engine/plan/sharded_plan.h"

namespace fathom::cli {

struct PlanReport {
  engine::ModelParts model;
  int context_tokens = 0;
  engine::Machine machine;                    // its GPU is what `shards` are, too
  std::optional<engine::ShardedPlan> shards;  // if several GPUs were asked about
  std::vector<engine::Placement> placements;  // else
};

/// Whether the model can run at all.
bool fits(const PlanReport& report);

Json plan_json(const PlanReport& report);

/// Everything that the figures rest on besides the model and data sheets, a sentence each.
std::vector<std::string> plan_assumptions(const PlanReport& report);

}  // namespace fathom::cli
