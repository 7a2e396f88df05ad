// Puts a model where there is room for it: on one GPU; on several, which share each layer or have
// some of the layers each; on a GPU and the processor; on the processor.
//
// Threads: any.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/backend.h"
#include "engine/base/log.h"
#include "engine/engine.h"
#include "engine/engine_thread.h"
#include "engine/gpus.h"

namespace fathom::engine {

/// An engine and what it computes with.
struct LoadedEngine {
  std::vector<std::unique_ptr<Backend>> backends;  // the engine's first
  std::unique_ptr<Engine> engine;
  Engine::Limits limits;
  std::string device;  // for people: "2 x NVIDIA H200"
};

/// On options.backend; "cuda" may be several GPUs, "auto" is whatever has room, best first. What is
/// done instead of what goes wrong is logged. Errors: as EngineThread::start(), of the last try.
Result<LoadedEngine> load_where_it_fits(const std::shared_ptr<const Checkpoint>& checkpoint,
                                        const EngineOptions& options, int context_length, Log& log,
                                        const Gpus& gpus = gpus_here());

}  // namespace fathom::engine
