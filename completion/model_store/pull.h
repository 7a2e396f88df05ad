// Downloads a model into the store.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "completion/model_store/catalogue.h"
#include "engine/base/cancel.h"
#include "engine/base/result.h"

namespace fathom::completion {

struct PullOptions {
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT
  std::string token;                                // HF_TOKEN
  std::string user_agent;
  int timeout_s = 30;  // without a single byte
  CancelToken cancel;
  std::function<void(std::string_view file, uint64_t done, uint64_t total)> progress;
};

struct PulledModel {
  std::string name;
  std::filesystem::path path;
  bool was_there = false;  // nothing was downloaded
};

/// A model that is there already is left as it is. A folder's files are fetched one after the other
/// and appear as a model when all are there. Errors: those of download() and ModelLock::take().
Result<PulledModel> pull_model(const ModelSource& source, const std::filesystem::path& store,
                               const PullOptions& options);

}  // namespace fathom::completion
