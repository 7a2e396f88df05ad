// Model files that are cut, flipped bit by bit, or absurd: opening one gives a value or an Error
// that names the file. What must not happen is a crash or an allocation out of proportion; the
// sanitizer build looks for the rest.

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/checkpoint/checkpoint.h"
#include "engine/checkpoint/safetensors.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/gguf_bytes.h"

namespace {

size_t largest_allocation = 0;

}  // namespace

void* operator new(size_t size) {
  largest_allocation = std::max(largest_allocation, size);
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kGguf = "tests/data/golden/gguf/qwen2-tied-F16.gguf";
const fs::path kNano = "models/nano/fathom-nano.gguf";
const fs::path kFolder = "tests/data/golden/llama-deepseek-coder";

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// Opens an image and its tokenizer; touches the ends of every tensor. Whether it is a model.
bool use_gguf(const std::string& image) {
  const auto checkpoint = Checkpoint::open_memory(bytes_of(image), "x.gguf");
  if (!checkpoint) {
    EXPECT_THAT(checkpoint.error().message, HasSubstr("x.gguf: "));
    return false;
  }
  unsigned sum = 0;
  for (const TensorInfo& tensor : (*checkpoint)->tensors()) {
    EXPECT_GE(tensor.bytes.data(), bytes_of(image).data());
    EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(), bytes_of(image).data() + image.size());
    if (!tensor.bytes.empty())
      sum +=
          static_cast<unsigned>(tensor.bytes.front()) + static_cast<unsigned>(tensor.bytes.back());
  }
  if (const auto tokenizer = Tokenizer::load(**checkpoint)) {
    // A flipped byte can take the token of a byte that UTF-8 never uses.
    const bool any_byte = (*tokenizer)->has_all_bytes();
    const std::string text = std::string("int main() { return 42; }") + (any_byte ? "\xff" : "");
    EXPECT_EQ((*tokenizer)->decode((*tokenizer)->encode(text)), text);
  } else {
    EXPECT_THAT(tokenizer.error().message, HasSubstr("x.gguf: "));
  }
  return sum < UINT32_MAX;
}

bool use_safetensors(const std::string& file) {
  const auto tensors = read_safetensors(bytes_of(file), "x.safetensors");
  if (tensors) return true;
  EXPECT_THAT(tensors.error().message, HasSubstr("x.safetensors: "));
  return false;
}

/// Where the data of the tensors begins.
size_t header_size(const std::string& gguf) {
  const auto checkpoint = Checkpoint::open_memory(bytes_of(gguf), "x.gguf");
  const std::byte* first = bytes_of(gguf).data() + gguf.size();
  for (const TensorInfo& tensor : (*checkpoint)->tensors())
    first = std::min(first, tensor.bytes.data());
  return static_cast<size_t>(first - bytes_of(gguf).data());
}

/// `file` with each byte of [begin, end) flipped in turn, wholly and in its last bit.
template <class Use>
void flip_each(std::string file, size_t begin, size_t end, size_t step, const Use& use) {
  for (size_t i = begin; i < end; i += step) {
    for (const unsigned char mask : {0xff, 0x01}) {
      file[i] = static_cast<char>(file[i] ^ mask);
      use(file);
      file[i] = static_cast<char>(file[i] ^ mask);
    }
    if (::testing::Test::HasFailure()) FAIL() << "byte " << i;
  }
}

TEST(HostileGguf, IsRefusedWhenCutAtAnyTenthOfItsLength) {
  for (const fs::path& path : {kGguf, kNano}) {
    const std::string whole = read_file(path);
    ASSERT_TRUE(use_gguf(whole));
    for (size_t tenth = 0; tenth < 10; ++tenth)
      EXPECT_FALSE(use_gguf(whole.substr(0, whole.size() * tenth / 10))) << path << ' ' << tenth;
    EXPECT_FALSE(use_gguf(whole.substr(0, whole.size() - 1)));
  }
}

TEST(HostileGguf, IsRefusedWhenItsHeaderIsCutAnywhere) {
  const std::string whole = read_file(kGguf);
  const size_t header = header_size(whole);
  for (size_t size = 0; size < header; ++size)
    EXPECT_FALSE(use_gguf(whole.substr(0, size))) << size;
}

TEST(HostileGguf, DoesNoHarmWithAnyByteOfItsHeaderFlipped) {
  const std::string whole = read_file(kGguf);
  flip_each(whole, 0, header_size(whole), 1, use_gguf);
}

TEST(HostileGguf, DoesNoHarmWithBytesOfTheBuiltInHeaderFlipped) {
  // Its header is 268 kB, most of it the vocabulary: the first and last bytes, and samples between.
  const std::string whole = read_file(kNano);
  const size_t header = header_size(whole);
  flip_each(whole, 0, 100, 1, use_gguf);
  flip_each(whole, header - 100, header, 1, use_gguf);
  flip_each(whole, 100, header - 100, 4999, use_gguf);
}

TEST(HostileGguf, AllocatesInProportionToItsSize) {
  largest_allocation = 0;
  for (const uint32_t type : {0u, 1u, 7u, 8u, 10u, 12u}) {
    for (const uint64_t n : {uint64_t{1} << 28, uint64_t{1} << 40, UINT64_MAX / 8, UINT64_MAX}) {
      GgufBytes array(0, 2);
      array.architecture().array("a", type, n).data(1000);
      EXPECT_FALSE(Checkpoint::open_memory(array.bytes(), "x.gguf"));
    }
  }
  EXPECT_LT(largest_allocation, 65536u);
}

TEST(HostileSafetensors, IsRefusedWhenCutAnywhere) {
  const std::string whole = read_file(kFolder / "model.safetensors");
  ASSERT_TRUE(use_safetensors(whole));
  for (size_t tenth = 0; tenth < 10; ++tenth)
    EXPECT_FALSE(use_safetensors(whole.substr(0, whole.size() * tenth / 10)));
  for (size_t size = 0; size < 400; ++size) EXPECT_FALSE(use_safetensors(whole.substr(0, size)));
  EXPECT_FALSE(use_safetensors(whole.substr(0, whole.size() - 1)));
}

TEST(HostileSafetensors, DoesNoHarmWithAnyByteOfItsHeaderFlipped) {
  const std::string whole = read_file(kFolder / "model.safetensors");
  uint64_t length = 0;
  std::memcpy(&length, whole.data(), sizeof(length));
  flip_each(whole, 0, 8 + length, 1, use_safetensors);
}

/// A copy of the folder of a model, of which `name` is replaced by `bytes`.
Result<std::shared_ptr<const Checkpoint>> open_with(const std::string& name,
                                                    const std::string& bytes) {
  const fs::path folder =
      fs::temp_directory_path() / ("fathom-hostile-test-" + std::to_string(::getpid()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const char* file : {"config.json", "model.safetensors", "tokenizer.json"})
    fs::create_symlink(fs::absolute(kFolder / file), folder / file);
  fs::remove(folder / name);
  std::ofstream(folder / name, std::ios::binary) << bytes;
  auto checkpoint = Checkpoint::open(folder);
  if (!checkpoint) {
    EXPECT_THAT(checkpoint.error().message, HasSubstr((folder / name).string()));
  } else if (const auto tokenizer = Tokenizer::load(**checkpoint); !tokenizer) {
    EXPECT_THAT(tokenizer.error().message, HasSubstr((folder / name).string()));
  }
  fs::remove_all(folder);
  return checkpoint;
}

TEST(HostileFolder, NamesTheFileThatIsCutOrFlipped) {
  const std::string config = read_file(kFolder / "config.json");
  for (size_t size = 0; size < config.size(); size += 7)
    EXPECT_FALSE(open_with("config.json", config.substr(0, size)));
  flip_each(config, 0, config.size(), 11,
            [](const std::string& bytes) { (void)open_with("config.json", bytes); });

  const std::string tokenizer = read_file(kFolder / "tokenizer.json");
  for (size_t tenth = 0; tenth < 10; ++tenth)
    (void)open_with("tokenizer.json", tokenizer.substr(0, tokenizer.size() * tenth / 10));
  flip_each(tokenizer, 0, tokenizer.size(), 211,
            [](const std::string& bytes) { (void)open_with("tokenizer.json", bytes); });
}

}  // namespace
}  // namespace fathom::engine
