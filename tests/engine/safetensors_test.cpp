#include "engine/checkpoint/safetensors.h"

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fathom::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A file of this header and `n_data` bytes of zeros.
std::string file_of(const std::string& header, size_t n_data) {
  const uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
  return file + header + std::string(n_data, '\0');
}

Result<std::vector<TensorInfo>> read(const std::string& file) {
  return read_safetensors(std::as_bytes(std::span(file)), "x.safetensors");
}

void check_refused(const std::string& file, ErrorCode code, const std::string& what) {
  const auto tensors = read(file);
  ASSERT_FALSE(tensors) << "should say: " << what;
  EXPECT_EQ(tensors.error().code, code) << tensors.error().message;
  EXPECT_THAT(tensors.error().message,
              AllOf(::testing::StartsWith("x.safetensors: "), HasSubstr(what)));
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

TEST(Safetensors, ReadsNamesTypesShapesAndBytes) {
  const std::string file =
      file_of("{\"__metadata__\":{\"format\":\"pt\"}," + tensor("w", "BF16", "[2,3]", "[4,16]") +
                  "," + tensor("s", "F32", "[]", "[0,4]") + "}  ",
              16);
  const auto tensors = read(file);
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 2u);
  const TensorInfo& w = (*tensors)[1];
  EXPECT_EQ(w.name, "w");
  EXPECT_EQ(w.dtype, DType::bf16);
  EXPECT_THAT(w.shape, ElementsAre(2, 3));
  EXPECT_EQ(w.bytes.size(), 12u);
  EXPECT_EQ(reinterpret_cast<const char*>(w.bytes.data()) + 12, file.data() + file.size());
  EXPECT_TRUE((*tensors)[0].shape.empty());
}

TEST(Safetensors, KeepsTypesItCannotComputeWith) {
  const auto tensors = read(file_of("{" + tensor("a", "F8_E5M2", "[4]", "[0,4]") + "," +
                                        tensor("b", "I64", "[1]", "[4,12]") + "," +
                                        tensor("c", "NEW_TYPE", "[7]", "[12,13]") + "}",
                                    13));
  ASSERT_TRUE(tensors) << tensors.error().message;
  for (const TensorInfo& info : *tensors) EXPECT_EQ(info.dtype, std::nullopt);
  EXPECT_EQ((*tensors)[2].type_name, "NEW_TYPE");
}

TEST(Safetensors, RefusesHeadersThatAreNotThere) {
  check_refused("", ErrorCode::corrupt, "truncated");
  check_refused("abc", ErrorCode::corrupt, "truncated");
  std::string longer = file_of("{}", 0);
  longer[0] = 3;
  check_refused(longer, ErrorCode::corrupt, "truncated");
  std::string absurd = file_of("{}", 0);
  std::memset(absurd.data(), 0xff, 8);
  check_refused(absurd, ErrorCode::corrupt, "truncated");
}

TEST(Safetensors, RefusesHeadersThatAreNotJson) {
  check_refused(file_of("{\"a\":", 0), ErrorCode::corrupt, "is not JSON");
  check_refused(file_of("[]", 0), ErrorCode::corrupt, "not a JSON object");
  check_refused(file_of("{\"a\":1e999}", 0), ErrorCode::corrupt, "is not JSON");
  check_refused(file_of(std::string(1000, '[') + std::string(1000, ']'), 0), ErrorCode::corrupt,
                "nested deeper");
}

TEST(Safetensors, RefusesTensorsThatAreNotDescribed) {
  check_refused(file_of("{\"a\":7}", 0), ErrorCode::corrupt, "tensor 'a': 'dtype' is missing");
  check_refused(file_of("{\"a\":{\"dtype\":\"F32\"}}", 0), ErrorCode::corrupt, "'shape'");
  check_refused(file_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0), ErrorCode::corrupt,
                "'data_offsets'");
  check_refused(file_of("{" + tensor("a", "F32", "[-1]", "[0,4]") + "}", 4), ErrorCode::corrupt,
                "'shape'");
  check_refused(file_of("{" + tensor("a", "F32", "[1.0]", "[0,4]") + "}", 4), ErrorCode::corrupt,
                "'shape'");
  check_refused(file_of("{" + tensor("a", "F32", "[1]", "[4,0]") + "}", 4), ErrorCode::corrupt,
                "'data_offsets' is not a range");
  check_refused(file_of("{" + tensor("a", "F32", "[1,1,1,1,1]", "[0,4]") + "}", 4),
                ErrorCode::unsupported, "5 dimensions");
  check_refused(file_of("{" + tensor("", "F32", "[1]", "[0,4]") + "}", 4), ErrorCode::corrupt,
                "the name of a tensor");
}

TEST(Safetensors, RefusesSizesThatDoNotFit) {
  check_refused(file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", 7), ErrorCode::corrupt,
                "tensor 'a': ends at byte 8 of 7 bytes of data");
  check_refused(file_of("{" + tensor("a", "F32", "[2]", "[0,4]") + "}", 8), ErrorCode::corrupt,
                "has 4 bytes where its shape needs 8");
  check_refused(
      file_of("{" + tensor("a", "F32", "[4294967296,4294967296,4294967296]", "[0,0]") + "}", 8),
      ErrorCode::corrupt, "overflows");
  check_refused(file_of("{" + tensor("a", "F32", "[2]", "[0,18446744073709551615]") + "}", 8),
                ErrorCode::corrupt, "'data_offsets' is not a range");
}

TEST(Safetensors, RefusesOverlapsAndTwins) {
  check_refused(file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "," +
                            tensor("b", "F32", "[1]", "[4,8]") + "}",
                        8),
                ErrorCode::corrupt, "overlaps");
  check_refused(file_of("{" + tensor("a", "F32", "[1]", "[0,4]") + "," +
                            tensor("a", "F32", "[1]", "[4,8]") + "}",
                        8),
                ErrorCode::corrupt, "'a' is there twice");
}

}  // namespace
}  // namespace fathom::engine
