#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/checkpoint/checkpoint.h"
#include "tests/engine/gguf_bytes.h"

namespace fathom::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint32_t kF32 = 0;
constexpr uint32_t kQ4K = 12;
constexpr uint32_t kIq3S = 21;

std::shared_ptr<const Checkpoint> open(const GgufBytes& image) {
  auto checkpoint = Checkpoint::open_memory(image.bytes(), "x.gguf");
  if (!checkpoint) {
    ADD_FAILURE() << checkpoint.error().message;
    return nullptr;
  }
  return *checkpoint;
}

/// The image is refused with this code, and a message that begins with the name and says `what`.
void check_refused(const GgufBytes& image, ErrorCode code, const std::string& what) {
  const auto checkpoint = Checkpoint::open_memory(image.bytes(), "x.gguf");
  ASSERT_FALSE(checkpoint) << "should say: " << what;
  EXPECT_EQ(checkpoint.error().code, code) << checkpoint.error().message;
  EXPECT_THAT(checkpoint.error().message,
              AllOf(::testing::StartsWith("x.gguf: "), HasSubstr(what)));
}

/// One tensor after the architecture.
GgufBytes one_tensor(const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset = 0) {
  GgufBytes image(1, 1);
  image.architecture().tensor("blk.0.attn_q.weight", dims, type, offset);
  return image;
}

TEST(Gguf, ReadsMetadataOfEveryType) {
  GgufBytes image(0, 13);
  image.architecture("deepseek2");
  image.key("u8", kGgufU8).number<uint8_t>(200);
  image.key("i8", kGgufI8).number<int8_t>(-3);
  image.key("u16", kGgufU16).number<uint16_t>(65535);
  image.key("i16", kGgufI16).number<int16_t>(-300);
  image.key("u32", kGgufU32).number<uint32_t>(4'000'000'000);
  image.key("i32", kGgufI32).number<int32_t>(-70000);
  image.key("f32", kGgufF32).number(0.5f);
  image.key("yes", kGgufBool).number<uint8_t>(1);
  image.value("text", "a\0b");
  image.key("u64", kGgufU64).number<uint64_t>(INT64_MAX);
  image.key("i64", kGgufI64).number<int64_t>(INT64_MIN);
  image.key("f64", kGgufF64).number(-0.25);
  const auto checkpoint = open(image);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->architecture(), "deepseek2");
  EXPECT_EQ(checkpoint->format(), Checkpoint::Format::gguf);
  const Metadata& metadata = checkpoint->metadata();
  EXPECT_EQ(metadata.integer("u8"), 200);
  EXPECT_EQ(metadata.integer("i8"), -3);
  EXPECT_EQ(metadata.integer("u16"), 65535);
  EXPECT_EQ(metadata.integer("i16"), -300);
  EXPECT_EQ(metadata.integer("u32"), 4'000'000'000);
  EXPECT_EQ(metadata.integer("i32"), -70000);
  EXPECT_EQ(metadata.number("f32"), 0.5);
  EXPECT_EQ(metadata.boolean("yes"), true);
  EXPECT_EQ(metadata.integer("u64"), INT64_MAX);
  EXPECT_EQ(metadata.integer("i64"), INT64_MIN);
  EXPECT_EQ(metadata.number("f64"), -0.25);
}

TEST(Gguf, ReadsArrays) {
  GgufBytes image(0, 6);
  image.architecture();
  image.array("bytes", kGgufI8, 2).number<int8_t>(-1).number<int8_t>(7);
  image.array("floats", kGgufF32, 2).number(1.5f).number(-2.0f);
  image.array("flags", kGgufBool, 2).number<uint8_t>(1).number<uint8_t>(0);
  image.array("words", kGgufString, 2).string("one").string("");
  image.array("none", kGgufString, 0);
  const auto checkpoint = open(image);
  ASSERT_TRUE(checkpoint);
  const Metadata& metadata = checkpoint->metadata();
  EXPECT_THAT(metadata.integers("bytes"), ElementsAre(-1, 7));
  EXPECT_THAT(metadata.numbers("floats"), ElementsAre(1.5, -2.0));
  EXPECT_THAT(metadata.integers("flags"), ElementsAre(1, 0));
  EXPECT_THAT(metadata.strings("words"), ElementsAre("one", ""));
  EXPECT_TRUE(metadata.has("none"));
  EXPECT_TRUE(metadata.strings("none").empty());
}

TEST(Gguf, StoresShapesOutermostFirstAndSortsByName) {
  GgufBytes image(2, 1);
  image.architecture();
  image.tensor("b", {512, 3}, kQ4K, 0).tensor("a", {4, 2, 3}, kF32, 864).data(864 + 96);
  const auto checkpoint = open(image);
  ASSERT_TRUE(checkpoint);
  ASSERT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->tensors()[0].name, "a");
  const TensorInfo* b = checkpoint->find("b");
  ASSERT_TRUE(b);
  EXPECT_THAT(b->shape, ElementsAre(3, 512));
  EXPECT_EQ(b->dtype, DType::q4_k);
  EXPECT_EQ(b->type_name, "Q4_K");
  EXPECT_EQ(b->bytes.size(), 3 * 288u);
  EXPECT_THAT(checkpoint->find("a")->shape, ElementsAre(3, 2, 4));
  EXPECT_EQ(checkpoint->find("a")->bytes.data(), b->bytes.data() + 864);
  EXPECT_EQ(checkpoint->find("c"), nullptr);
  EXPECT_EQ(checkpoint->size_bytes(), 960u);
}

TEST(Gguf, HonoursTheAlignment) {
  GgufBytes image(1, 2);
  image.architecture().key("general.alignment", kGgufU32).number<uint32_t>(256);
  image.tensor("a", {4}, kF32, 256).data(256 + 16, 256);
  const auto checkpoint = open(image);
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->find("a")->bytes.data() + 16, image.bytes().data() + image.bytes().size());
}

TEST(Gguf, ReadsVersionTwo) {
  GgufBytes image(0, 1, 2);
  EXPECT_TRUE(open(image.architecture()));
}

TEST(Gguf, KeepsTensorsOfTypesItCannotComputeWith) {
  const auto checkpoint = open(one_tensor({256, 2}, kIq3S).data(2 * 110));
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->tensors()[0].type_name, "IQ3_S");
  EXPECT_EQ(checkpoint->tensors()[0].dtype, std::nullopt);
}

TEST(Gguf, RefusesOtherVersions) {
  GgufBytes first(0, 1, 1);
  check_refused(first.architecture(), ErrorCode::unsupported, "version 1");
  GgufBytes big_endian(0, 1, 0x03000000);
  check_refused(big_endian.architecture(), ErrorCode::unsupported, "big-endian");
}

TEST(Gguf, RefusesAbsurdCounts) {
  check_refused(GgufBytes(UINT64_MAX, 0), ErrorCode::corrupt,
                "claims 18446744073709551615 tensors");
  check_refused(GgufBytes(0, 65537), ErrorCode::corrupt, "claims 65537 metadata values");
  GgufBytes array(0, 1);
  check_refused(array.array("a", kGgufString, UINT64_MAX / 8), ErrorCode::corrupt, "metadata 'a'");
  GgufBytes text(0, 1);
  check_refused(text.key("a", kGgufString).number<uint64_t>(INT64_MAX), ErrorCode::corrupt,
                "metadata 'a'");
}

TEST(Gguf, RefusesMetadataThatItCannotHold) {
  GgufBytes nested(0, 1);
  check_refused(nested.array("a", kGgufArray, 1), ErrorCode::unsupported, "array of arrays");
  GgufBytes large(0, 1);
  check_refused(large.key("a", kGgufU64).number(UINT64_MAX), ErrorCode::unsupported, "above 2^63");
  GgufBytes unknown(0, 1);
  check_refused(unknown.key("a", 13), ErrorCode::corrupt, "unknown value type 13");
  GgufBytes boolean(0, 1);
  check_refused(boolean.key("a", kGgufBool).number<uint8_t>(2), ErrorCode::corrupt, "boolean");
  GgufBytes twice(0, 2);
  check_refused(twice.value("a", "").value("a", ""), ErrorCode::corrupt, "'a': is there twice");
  GgufBytes no_key(0, 1);
  check_refused(no_key.value("", "x"), ErrorCode::corrupt, "the key of metadata value 0");
  GgufBytes escape(0, 1);
  check_refused(escape.value("\x1b[2J", "x"), ErrorCode::corrupt, "the key of metadata value 0");
  check_refused(GgufBytes(0, 0), ErrorCode::corrupt, "'general.architecture' is missing");
}

TEST(Gguf, RefusesBadAlignments) {
  for (const uint32_t alignment : {0u, 3u, 1u << 21}) {
    GgufBytes image(0, 2);
    image.architecture().key("general.alignment", kGgufU32).number(alignment);
    check_refused(image, ErrorCode::corrupt, "general.alignment");
  }
}

TEST(Gguf, RefusesTensorsBeyondTheEnd) {
  check_refused(one_tensor({8}, kF32).data(31), ErrorCode::corrupt,
                "tensor 'blk.0.attn_q.weight': ends at byte");
  check_refused(one_tensor({8}, kF32, UINT64_MAX - 31).data(32), ErrorCode::corrupt,
                "its offset 18446744073709551584 overflows");
}

TEST(Gguf, RefusesBadShapes) {
  check_refused(one_tensor({}, kF32), ErrorCode::corrupt, "0 dimensions");
  check_refused(one_tensor({1, 1, 1, 1, 1}, kF32), ErrorCode::corrupt, "5 dimensions");
  check_refused(one_tensor({4, 0}, kF32), ErrorCode::corrupt, "dimension 1 is 0");
  check_refused(one_tensor({UINT64_MAX}, kF32), ErrorCode::corrupt, "dimension 0 is");
  check_refused(one_tensor({100}, kQ4K), ErrorCode::corrupt, "not whole blocks of 256");
  check_refused(one_tensor({1u << 31, 1u << 31, 4}, kF32), ErrorCode::corrupt, "overflows");
  // 2^62 numbers of 4 bytes: the product of the dimensions fits, the size does not.
  check_refused(one_tensor({1u << 31, 1u << 31}, kF32), ErrorCode::corrupt, "overflows");
}

TEST(Gguf, RefusesUnknownTypesAndUnalignedOffsets) {
  check_refused(one_tensor({4}, 4), ErrorCode::unsupported, "unknown type number 4");
  check_refused(one_tensor({4}, kF32, 8).data(32), ErrorCode::corrupt, "multiple of the alignment");
}

TEST(Gguf, RefusesOverlapsAndTwins) {
  GgufBytes overlap(2, 1);
  overlap.architecture().tensor("a", {16}, kF32, 0).tensor("b", {4}, kF32, 32).data(64);
  check_refused(overlap, ErrorCode::corrupt, "tensor 'b': overlaps tensor 'a'");
  GgufBytes twins(2, 1);
  twins.architecture().tensor("a", {8}, kF32, 0).tensor("a", {8}, kF32, 32).data(64);
  check_refused(twins, ErrorCode::corrupt, "tensor 'a' is there twice");
}

TEST(Gguf, RefusesNamesThatAreNotText) {
  GgufBytes long_name(1, 1);
  long_name.architecture().tensor(std::string(257, 'a'), {4}, kF32, 0).data(16);
  check_refused(long_name, ErrorCode::corrupt, "the name of tensor 0: is 257 bytes long");
  GgufBytes control(1, 1);
  control.architecture().tensor("a\nb", {4}, kF32, 0).data(16);
  check_refused(control, ErrorCode::corrupt, "the name of tensor 0");
  GgufBytes latin(1, 1);
  latin.architecture().tensor("\xf6", {4}, kF32, 0).data(16);
  check_refused(latin, ErrorCode::corrupt, "the name of tensor 0");
}

TEST(Gguf, ReadsTheBuiltInModel) {
  const auto checkpoint = Checkpoint::open("models/nano/fathom-nano.gguf");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ((*checkpoint)->architecture(), "deepseek2");
  const auto dim = (*checkpoint)->metadata().integer("deepseek2.embedding_length");
  ASSERT_TRUE(dim);
  const TensorInfo* embedding = (*checkpoint)->find("token_embd.weight");
  ASSERT_TRUE(embedding);
  ASSERT_EQ(embedding->shape.size(), 2u);
  EXPECT_EQ(embedding->shape[1], *dim);
  EXPECT_EQ(static_cast<size_t>(embedding->shape[0]),
            (*checkpoint)->metadata().strings("tokenizer.ggml.tokens").size());
}

}  // namespace
}  // namespace fathom::engine
