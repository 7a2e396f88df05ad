// Every family of tokenizers there are vectors for, read from tokenizer.json and from GGUF, against
// Hugging Face's tokenizers, llama.cpp, and each other.

#include <algorithm>
#include <fstream>
#include <functional>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/gguf_bytes.h"
#include "tests/support/golden.h"
#include "tests/support/golden_tokenizer.h"

namespace fathom::engine {
namespace {

namespace fs = std::filesystem;
using TokenizerPtr = std::shared_ptr<const Tokenizer>;
using Json = nlohmann::json;

constexpr int kRandomTexts = 100'000;

struct Family {
  std::string name;            // golden/tokenizer-NAME
  std::string pre;             // its tokenizer.ggml.pre
  std::string llama_cpp = "";  // golden/tokenizer-llamacpp-vectors/NAME.json
  int n_not_nfc = 0;           // vectors that its normaliser would change
};

/// The GGUF file that llama.cpp's converter would make of the vocabulary.
GgufBytes vocabulary_file(const Json& json, const Tokenizer& tokenizer, const std::string& pre) {
  constexpr int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;
  const auto n = static_cast<size_t>(tokenizer.vocab_size());
  std::vector<std::string> spellings(n);
  std::vector<int32_t> types(n, kUnused);
  const auto set = [&](size_t id, const std::string& spelling, int32_t type) {
    spellings.at(id) = spelling;
    types.at(id) = type;
  };
  for (const auto& [spelling, id] : json.at("model").at("vocab").items())
    set(id.get<size_t>(), spelling, kNormal);
  for (const Json& token : json.at("added_tokens"))
    set(token.at("id"), token.at("content"), token.at("special") ? kControl : kUserDefined);

  GgufBytes gguf(0, 7);
  gguf.architecture().value("tokenizer.ggml.model", "gpt2").value("tokenizer.ggml.pre", pre);
  gguf.array("tokenizer.ggml.tokens", kGgufString, n);
  for (const std::string& spelling : spellings) gguf.string(spelling);
  gguf.array("tokenizer.ggml.token_type", kGgufI32, n);
  for (const int32_t type : types) gguf.number(type);
  const Json& merges = json.at("model").at("merges");
  gguf.array("tokenizer.ggml.merges", kGgufString, merges.size());
  for (const Json& merge : merges) {
    gguf.string(merge.is_array() ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                                 : merge.get<std::string>());
  }
  gguf.key("tokenizer.ggml.bos_token_id", kGgufU32)
      .number(static_cast<uint32_t>(tokenizer.special(SpecialRole::bos).value()));
  return gguf;
}

TokenizerPtr load_gguf(const fs::path& path) {
  const auto checkpoint = Checkpoint::open(path);
  if (!checkpoint) {
    ADD_FAILURE() << checkpoint.error().message;
    return nullptr;
  }
  auto tokenizer = Tokenizer::load(**checkpoint);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return nullptr;
  }
  return *tokenizer;
}

/// The folder's tokenizer, and the same made into a GGUF file.
std::pair<TokenizerPtr, TokenizerPtr> load_both(const fs::path& folder, const std::string& pre) {
  const auto json = Tokenizer::load(folder / "tokenizer.json");
  if (!json) {
    ADD_FAILURE() << json.error().message;
    return {};
  }
  const GgufBytes image =
      vocabulary_file(Json::parse(std::ifstream(folder / "tokenizer.json")), **json, pre);
  const fs::path path = folder / "vocab.gguf";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(image.bytes().data()),
             static_cast<std::streamsize>(image.bytes().size()));
  return {*json, load_gguf(path)};
}

std::vector<TokenId> encode_with_special(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<TokenId> ids;
  tokenizer.encode_with_special(text, ids);
  return ids;
}

// ---- Vectors ----

bool is_never_in_utf8(uint8_t byte) { return byte == 0xc0 || byte == 0xc1 || byte >= 0xf5; }

/// Whether `id` is one that text without spelled-out added tokens cannot give: a special token, or
/// a byte that UTF-8 never uses and that other tokenizers take for a letter.
bool is_from_spelling(const Tokenizer& tokenizer, TokenId id) {
  const std::string_view bytes = tokenizer.bytes(id);
  return tokenizer.is_special(id) ||
         (bytes.size() == 1 && is_never_in_utf8(static_cast<uint8_t>(bytes[0])));
}

/// The bytes of the tokens, one after another as a reader gets them: only whole characters.
void check_streams_whole_characters(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::string held;
  for (const TokenId id : ids) {
    held += tokenizer.bytes(id);
    const size_t n = whole_characters(held);
    EXPECT_EQ(valid_prefix(std::string_view(held).substr(0, n)), n);
    held.erase(0, n);
  }
  EXPECT_EQ(held, "");
}

/// Every string of a file of vectors by programs that find added tokens in text. fathom does not
/// normalise: where they do (Qwen, to NFC), it gives their tokens for the normalised text, and
/// gives the text as it was back.
void check_vectors(const Tokenizer& tokenizer, const fs::path& path, int n_not_nfc) {
  const Json vectors = Json::parse(std::ifstream(path));
  int n_plain = 0;
  int n_normalised = 0;
  for (const Json& row : vectors.at("strings")) {
    const std::string text = row.at("text");
    const std::vector<TokenId> expected = row.at("ids");
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
    check_streams_whole_characters(tokenizer, tokenizer.encode(text));
    const bool loses_letters = std::any_of(expected.begin(), expected.end(), [&](TokenId id) {
      return !tokenizer.is_special(id) && is_from_spelling(tokenizer, id);
    });
    std::string normalised = text;
    if (!loses_letters && row.contains("decoded") && row.at("decoded") != text) {
      normalised = row.at("decoded");
      EXPECT_NE(tokenizer.encode(text), expected) << "text: " << text;
      ++n_normalised;
    }
    EXPECT_EQ(encode_with_special(tokenizer, normalised), expected) << "text: " << text;
    if (std::none_of(expected.begin(), expected.end(),
                     [&](TokenId id) { return is_from_spelling(tokenizer, id); })) {
      EXPECT_EQ(tokenizer.encode(normalised), expected) << "text: " << text;
      ++n_plain;
    }
  }
  EXPECT_GT(n_plain, 40);
  EXPECT_EQ(n_normalised, n_not_nfc);
}

// ---- Generated texts ----

class TextMaker final {
 public:
  explicit TextMaker(const Tokenizer& tokenizer) {
    for (TokenId id = 0; id < tokenizer.vocab_size(); ++id)
      if (tokenizer.is_special(id)) special_.emplace_back(tokenizer.bytes(id));
  }

  std::string operator()() {
    std::string text;
    const int n = 1 + below(4);
    for (int i = 0; i < n; ++i) text += piece();
    return text;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  std::string piece() {
    static const std::string kCode[] = {"return", " if (", "self.",    "->",   "::",     "() {\n",
                                        "    ",   "\t",    "//",       " != ", "_value", "'s",
                                        "'LL",    "#",     "0x",       "});",  "<br/>",  " the",
                                        " a",     "std",   "camelCase"};
    static const std::string kSpace[] = {" ",    "  ",     "\n",     "\r\n",   "\n\n  ",
                                         "\t\t", "\u00a0", "\u3000", "\u2028", " \n"};
    switch (below(8)) {
      case 0:
      case 1:
        return kCode[below(std::ssize(kCode))];
      case 2:
        return kSpace[below(std::ssize(kSpace))];
      case 3:
        return std::to_string(below(1'000'000));
      case 4:
        return character();
      case 5:
        return character() + character();
      case 6:
        return special_[static_cast<size_t>(below(static_cast<int>(special_.size())))];
      default:
        return std::string(1, static_cast<char>(below(256)));
    }
  }

  std::string character() {
    // From the blocks that pre-tokenizers treat apart, and anywhere.
    static const std::pair<int, int> kRanges[] = {
        {0x20, 0x7f},     {0xa0, 0x24f},      {0x300, 0x36f},   {0x370, 0x52f},   {0x590, 0x6ff},
        {0x900, 0xdff},   {0x2000, 0x2bff},   {0x3000, 0x30ff}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3},
        {0xff00, 0xffef}, {0x1f300, 0x1faff}, {0x80, 0x10ffff}};
    const auto& [first, last] = kRanges[below(std::ssize(kRanges))];
    const int code = first + below(last - first + 1);
    std::string text;
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    if (code >= 0x10000) text += static_cast<char>(0xf0 | code >> 18);
    if (code >= 0x800)
      text += static_cast<char>(code >= 0x10000 ? 0x80 | (code >> 12 & 63) : 0xe0 | code >> 12);
    text += static_cast<char>(code >= 0x800 ? 0x80 | (code >> 6 & 63) : 0xc0 | code >> 6);
    return text + static_cast<char>(0x80 | (code & 63));
  }

  std::mt19937 random_{11};
  std::vector<std::string> special_;
};

/// `text` as it comes back: bytes without a token are replaced.
std::string as_decoded(const Tokenizer& tokenizer, const std::string& text) {
  if (tokenizer.has_all_bytes()) return text;
  std::string decoded;
  for (const char byte : text) {
    if (is_never_in_utf8(static_cast<uint8_t>(byte)))
      decoded += "\uFFFD";
    else
      decoded += byte;
  }
  return decoded;
}

void check_random_texts(const Tokenizer& json, const Tokenizer& gguf) {
  ASSERT_EQ(json.vocab_size(), gguf.vocab_size());
  TextMaker make(json);
  std::vector<TokenId> a;
  std::vector<TokenId> b;
  for (int i = 0; i < kRandomTexts; ++i) {
    const std::string text = make();
    a.clear();
    b.clear();
    json.encode(text, a);
    gguf.encode(text, b);
    ASSERT_EQ(a, b) << "text " << i << ": " << text;
    ASSERT_EQ(json.decode(a), as_decoded(json, text));
    ASSERT_TRUE(std::none_of(a.begin(), a.end(), [&](TokenId id) { return json.is_special(id); }))
        << text;
    if (i % 10 != 0) continue;
    ASSERT_EQ(encode_with_special(json, text), encode_with_special(gguf, text)) << text;
  }
}

// ---- Families ----

TEST(TokenizerFamilies, OfTheTinyTokenizerAgreeBetweenItsTwoForms) {
  const fs::path folder =
      fs::temp_directory_path() / ("fathom-tokenizer-tiny-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    fs::copy_file(fs::path("tests/data/tokenizer-tiny") / name, folder / name,
                  fs::copy_options::overwrite_existing);
  const auto [json, gguf] = load_both(folder, "deepseek-v3");
  fs::remove_all(folder);
  ASSERT_TRUE(json && gguf);
  check_random_texts(*json, *gguf);
}

class TokenizerFamily : public testing::TestWithParam<Family> {};

TEST_P(TokenizerFamily, GivesTheTokensOfOtherImplementationsFromBothForms) {
  const Family& family = GetParam();
  const fs::path golden = shared_folder() / "golden";
  const fs::path folder = write_golden_tokenizer(family.name);
  if (folder.empty())
    GTEST_SKIP() << "the real tokenizers are not part of this project (FATHOM_SHARED)";
  const auto [json, gguf] = load_both(folder, family.pre);
  fs::remove_all(folder);
  ASSERT_TRUE(json && gguf);

  std::vector<TokenizerPtr> forms = {json, gguf};
  const fs::path source = golden / ("tokenizer-" + family.name);
  if (fs::exists(source / "vocab.gguf")) forms.push_back(load_gguf(source / "vocab.gguf"));
  for (const TokenizerPtr& tokenizer : forms) {
    ASSERT_TRUE(tokenizer);
    check_vectors(*tokenizer, source / "vectors.json", family.n_not_nfc);
    if (!family.llama_cpp.empty())
      check_vectors(*tokenizer,
                    golden / "tokenizer-llamacpp-vectors" / (family.llama_cpp + ".json"), 0);
  }
  check_random_texts(*json, *gguf);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, TokenizerFamily,
    testing::Values(Family{"deepseek-coder", "deepseek-coder", "deepseek-coder"},
                    Family{"deepseek-llm", "deepseek-llm", "deepseek-llm"},
                    Family{"deepseek-coder-v1.5", "deepseek-llm"},
                    Family{"deepseek-v2", "deepseek-llm"}, Family{"deepseek-v2.5", "deepseek-llm"},
                    Family{"deepseek-vl-7b", "deepseek-llm"},
                    Family{"deepseek-vl2-small", "deepseek-llm"},
                    Family{"deepseek-v3", "deepseek-v3"}, Family{"deepseek-r1", "deepseek-v3"},
                    Family{"deepseek-v3.1", "deepseek-v3"}, Family{"deepseek-v3.2", "deepseek-v3"},
                    Family{"deepseek-v4", "deepseek-v3"}, Family{"deepseek-vl2", "deepseek-v3"},
                    Family{"deepseek-ocr", "deepseek-v3"},
                    Family{"r1-distill-qwen", "deepseek-r1-qwen", "deepseek-r1-qwen", 4},
                    Family{"r1-0528-qwen3", "qwen2", "", 4},
                    Family{"r1-distill-llama", "llama-bpe", "llama-bpe"}),
    [](const testing::TestParamInfo<Family>& family) {
      std::string name = family.param.name;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
      return name;
    });

}  // namespace
}  // namespace fathom::engine
