#include "completion/syntax/language.h"

#include <string>

#include <gtest/gtest.h>
#include <tree_sitter/api.h>

#include "completion/syntax/words.h"

namespace fathom::completion {
namespace {

bool has_kind(const TSLanguage* grammar, std::string_view kind, bool named) {
  const auto length = static_cast<uint32_t>(kind.size());
  return ts_language_symbol_for_name(grammar, kind.data(), length, named) != 0;
}

TEST(Language, NamesOnlyKindsThatItsGrammarHas) {
  for (const Language& language : languages()) {
    const TSLanguage* grammar = language.grammar();
    for (std::string_view list : {language.imports, language.declarations, language.bodies,
                                  language.functions, language.decorations, language.wrappers}) {
      while (!list.empty()) {
        const std::string kind(take_word(list));
        EXPECT_TRUE(kind.empty() || has_kind(grammar, kind, true)) << language.name << ": " << kind;
      }
    }
    std::string_view openers = language.block_openers;
    while (!openers.empty()) {
      const std::string token(take_word(openers));
      const std::string parent(take_word(openers));
      EXPECT_TRUE(has_kind(grammar, token, false)) << language.name << ": " << token;
      EXPECT_TRUE(parent == "ERROR" || has_kind(grammar, parent, true))
          << language.name << ": " << parent;
    }
    std::string_view brackets = language.brackets;
    while (!brackets.empty()) {
      const std::string token(take_word(brackets));
      EXPECT_TRUE(has_kind(grammar, token, false)) << language.name << ": " << token;
    }
    std::string_view not_brackets = language.not_brackets;
    while (!not_brackets.empty()) {
      const std::string token(take_word(not_brackets));
      const std::string parent(take_word(not_brackets));
      EXPECT_TRUE(has_kind(grammar, token, false)) << language.name << ": " << token;
      EXPECT_TRUE(has_kind(grammar, parent, true)) << language.name << ": " << parent;
    }
    std::string_view marks = language.string_marks;
    while (!marks.empty()) {
      const std::string token(take_word(marks));
      EXPECT_TRUE(has_kind(grammar, token, true)) << language.name << ": " << token;
    }
  }
}

TEST(Language, IsFoundByItsLspId) {
  EXPECT_EQ(find_language("typescriptreact", "a.ts")->name, "tsx");
  EXPECT_EQ(find_language("c", "a.h")->name, "c");
  EXPECT_EQ(find_language("javascriptreact", "")->name, "javascript");
}

TEST(Language, IsFoundByItsExtensionWhereThereIsNoId) {
  EXPECT_EQ(find_language("", "src/a.h")->name, "cpp");
  EXPECT_EQ(find_language("", "src.d/a.lua")->name, "lua");
  EXPECT_EQ(find_language("", "Makefile"), nullptr);
  EXPECT_EQ(find_language("", "a."), nullptr);
}

TEST(Language, IsNotGuessedAgainstTheEditor) {
  EXPECT_EQ(find_language("markdown", "a.py"), nullptr);
  EXPECT_EQ(find_language("haskell", "a.hs"), nullptr);
}

TEST(Words, AreFoundWholeOnly) {
  EXPECT_TRUE(contains_word("a bc d", "bc"));
  EXPECT_FALSE(contains_word("a bc d", "b"));
  EXPECT_FALSE(contains_word("a bc d", ""));
  EXPECT_TRUE(contains_pair("{ block : suite", ":", "suite"));
  EXPECT_FALSE(contains_pair("{ block : suite", "block", ":"));
}

}  // namespace
}  // namespace fathom::completion
