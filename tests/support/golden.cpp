#include "tests/support/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/mapped_file.h"
#include "engine/checkpoint/safetensors.h"

namespace fathom::engine {
namespace {

template <class T>
std::vector<T> copy(const std::vector<TensorInfo>& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &TensorInfo::name);
  if (found == tensors.end()) return {};
  std::vector<T> numbers(found->bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), found->bytes.data(), found->bytes.size());
  return numbers;
}

// Python writes Infinity, which JSON does not have.
std::string read_json_text(const std::filesystem::path& path) {
  std::string text = read_text_file(path, size_t{1} << 20).value_or("");
  constexpr std::string_view kInfinity = "Infinity";
  for (size_t at = 0; (at = text.find(kInfinity, at)) != std::string::npos;)
    text.replace(at, kInfinity.size(), "1e99");
  return text;
}

}  // namespace

std::vector<GoldenPrompt> read_golden(const std::filesystem::path& json_path,
                                      const std::filesystem::path& safetensors,
                                      const std::string& variant) {
  const nlohmann::json json =
      nlohmann::json::parse(read_json_text(json_path), nullptr, /*allow_exceptions=*/false);
  const auto file = MappedFile::open(safetensors);
  if (json.is_discarded() || !file) {
    ADD_FAILURE() << "cannot read " << json_path << " and " << safetensors;
    return {};
  }
  const auto tensors = read_safetensors(file->bytes(), safetensors.string());
  if (!tensors) {
    ADD_FAILURE() << tensors.error().message;
    return {};
  }

  std::vector<GoldenPrompt> prompts;
  for (const auto& entry : json.at("prompts")) {
    const std::string prefix = fmt::format("p{}.", prompts.size());
    GoldenPrompt& p = prompts.emplace_back();
    entry.at("ids").get_to(p.ids);
    entry.at("positions").get_to(p.positions);
    entry.at("greedy" + variant).get_to(p.greedy);
    p.smallest_gap = entry.contains("greedy_gaps")
                         ? std::ranges::min(entry.at("greedy_gaps").get<std::vector<double>>())
                         : entry.at("greedy_gap_min").get<double>();
    p.logits = copy<float>(*tensors, prefix + "logits" + variant);
    for (int layer = 0; layer < 8; ++layer) {
      auto ids = copy<int32_t>(*tensors, fmt::format("{}layer{}.router_ids", prefix, layer));
      if (!ids.empty()) p.experts[layer] = std::move(ids);
    }
    if (entry.contains("index_topk")) {
      for (int layer = 0; layer < 8; ++layer)
        if (const auto rows = entry["index_topk"].find(fmt::format("layer{}.index_topk", layer));
            rows != entry["index_topk"].end())
          for (const auto& [position, ids] : rows->items())
            p.selected[layer][std::stoi(position)] = ids.get<std::vector<int32_t>>();
    }
    if (entry.contains("mtp")) {
      entry.at("mtp").at("input_ids").get_to(p.draft_next);
      p.draft_logits = copy<float>(*tensors, prefix + "mtp.logits");
    }
  }
  return prompts;
}

Distance distance(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  Distance d;
  const size_t n = std::min(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    const double difference = std::abs(double{a[i]} - b[i]);
    d.largest = std::max(d.largest, difference);
    d.mean += difference / static_cast<double>(n);
  }
  return d;
}

std::filesystem::path shared_folder() {
  const char* folder = std::getenv("FATHOM_SHARED");
  return folder ? folder : "../shared";
}

}  // namespace fathom::engine
