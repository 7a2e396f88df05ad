#include "engine/plan/gpu_table.h"

#include <algorithm>
#include <cctype>

#include "engine/plan/assumptions.h"

namespace fathom::engine {
namespace {

// Bandwidths are half of what the data sheets state, which count both directions. Latencies are
// round figures of sums of some kilobytes over eight GPUs: a kernel that writes into the others'
// memory takes 5 to 15 us over NVLink; over PCIe they go through the processor's memory.
constexpr Link kNvLink3 = {"NVLink 3", 300e9, 10e-6};
constexpr Link kNvLink4 = {"NVLink 4", 450e9, 10e-6};
constexpr Link kNvLink5 = {"NVLink 5", 900e9, 10e-6};
constexpr Link kPcie4 = {"PCIe 4.0 x16", 32e9, 30e-6};
constexpr Link kPcie5 = {"PCIe 5.0 x16", 64e9, 30e-6};

// What the makers call GB of memory are GiB. Products are those without sparsity.
constexpr Gpu kGpus[] = {
    // NVIDIA datasheet "H100 Tensor Core GPU", SXM
    {"h100", "NVIDIA H100", 80, 3.35e12, 989e12, kNvLink4},
    // NVIDIA datasheet "H200 Tensor Core GPU", SXM
    {"h200", "NVIDIA H200", 141, 4.8e12, 989e12, kNvLink4},
    // NVIDIA datasheet "DGX B200": an eighth of the system
    {"b200", "NVIDIA B200", 180, 8e12, 2250e12, kNvLink5},
    // NVIDIA datasheet "A100 80GB Tensor Core GPU", SXM
    {"a100", "NVIDIA A100 80GB", 80, 2.039e12, 312e12, kNvLink3},
    // NVIDIA datasheet "L4 Tensor Core GPU"
    {"l4", "NVIDIA L4", 24, 0.3e12, 121e12, kPcie4},
    // NVIDIA "Ampere GA102", "Ada" and "RTX Blackwell GPU architecture" whitepapers
    {"rtx3090", "NVIDIA RTX 3090", 24, 0.936e12, 71e12, kPcie4},
    {"rtx4090", "NVIDIA RTX 4090", 24, 1.008e12, 165e12, kPcie4},
    {"rtx5090", "NVIDIA RTX 5090", 32, 1.792e12, 209e12, kPcie5},
};

bool is_same(std::string_view a, std::string_view b) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

Result<const Gpu*> require_gpu(std::string_view name) {
  for (const Gpu& gpu : kGpus)
    if (is_same(gpu.name, name)) return &gpu;
  return fail(ErrorCode::invalid_argument, "there is no GPU '{}' in the table; there are {}", name,
              gpu_names());
}

const Gpu* find_gpu_of_device(std::string_view device) {
  // A name is a word of the device's, "H200", or two, "RTX 4090".
  std::string before;
  while (!device.empty()) {
    const size_t end = std::min(device.find_first_of(" -"), device.size());
    const std::string word(device.substr(0, end));
    device.remove_prefix(std::min(end + 1, device.size()));
    for (const Gpu& gpu : kGpus)
      if (is_same(gpu.name, word) || is_same(gpu.name, before + word)) return &gpu;
    before = word;
  }
  return nullptr;
}

std::string gpu_names() {
  std::string names;
  for (const Gpu& gpu : kGpus) {
    names += names.empty() ? "" : ", ";
    names += gpu.name;
  }
  return names;
}

int64_t usable_bytes(const Gpu& gpu) { return (int64_t{gpu.memory_gib} << 30) - kReservedBytes; }

}  // namespace fathom::engine
