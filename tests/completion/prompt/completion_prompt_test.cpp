#include "completion/prompt/completion_prompt.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/fake_generator.h"

namespace fathom::completion {
namespace {

using test::FakeGenerator;

Context context_of(const FakeGenerator& generator, std::string_view head, std::string_view line,
                   std::string_view suffix) {
  return {.head = generator.tokenizer().encode(head),
          .line = std::string(line),
          .suffix = generator.tokenizer().encode(suffix)};
}

/// The prompt with its special tokens in short: BOS [begin] [hole] [end].
std::string render(const FakeGenerator& generator, const CompletionPrompt& prompt) {
  const engine::ModelTraits& traits = generator.traits();
  std::string text;
  for (const engine::TokenId token : prompt.tokens) {
    if (token == traits.bos) {
      text += "BOS ";
    } else if (traits.fim && token == traits.fim->begin) {
      text += "[begin]";
    } else if (traits.fim && token == traits.fim->hole) {
      text += "[hole]";
    } else if (traits.fim && token == traits.fim->end) {
      text += "[end]";
    } else {
      text += generator.tokenizer().bytes(token);
    }
  }
  return text + "|" + prompt.forced_prefix;
}

void check(FakeGenerator::Options options, std::string_view expected) {
  const FakeGenerator generator(options);
  const Context context = context_of(generator, "#a.c\nint a;\n", "  return wid", ";\n}\n");
  EXPECT_EQ(render(generator, completion_prompt(context, {.path = "a.c", .repository = "r"},
                                                generator.traits(), generator.tokenizer())),
            expected);
}

TEST(CompletionPrompt, IsCutAtTheCursor) {
  check({.line_anchored = false}, "BOS [begin]#a.c\nint a;\n  return[hole];\n}\n[end]| wid");
}

TEST(CompletionPrompt, IsAnchoredToTheLineIfTheModelKnowsThat) {
  check({.line_anchored = true}, "BOS [begin]#a.c\nint a;\n[hole];\n}\n[end]  return| wid");
}

TEST(CompletionPrompt, IsThePrefixAloneForAModelWithoutFillInTheMiddle) {
  check({.has_fim = false}, "BOS #a.c\nint a;\n  return| wid");
}

Context with_related(Context context, const FakeGenerator& generator) {
  const std::string text = "int x;\n";
  context.related.push_back(
      {.file = std::make_shared<Snapshot>(Snapshot{.path = "x.c", .language = "c", .text = text}),
       .tokens = generator.tokenizer().encode(text),
       .end = text.size()});
  return context;
}

TEST(CompletionPrompt, ListsOtherFilesBeforeTheHead) {
  for (const bool has_fim : {true, false}) {
    const FakeGenerator generator({.line_anchored = false, .has_fim = has_fim});
    const Context context =
        with_related(context_of(generator, "#a.c\nint a;\n", "  return wid", "\n}\n"), generator);
    EXPECT_EQ(render(generator, completion_prompt(context, {.path = "a.c", .repository = "r"},
                                                  generator.traits(), generator.tokenizer())),
              has_fim ? "BOS [begin]#x.c\nint x;\n\n\n#a.c\nint a;\n  return[hole]\n}\n[end]| wid"
                      : "BOS // x.c\nint x;\n\n\n#a.c\nint a;\n  return| wid");
  }
}

TEST(CompletionPrompt, MarksOtherFilesForAModelThatKnowsMarkers) {
  const FakeGenerator generator({.line_anchored = false});
  engine::ModelTraits traits = generator.traits();
  const engine::Tokenizer& tokenizer = generator.tokenizer();
  traits.fim->repository = {.name = *tokenizer.special(engine::SpecialRole::user),
                            .file = *tokenizer.special(engine::SpecialRole::assistant)};
  const std::string name(tokenizer.bytes(traits.fim->repository->name));
  const std::string separator(tokenizer.bytes(traits.fim->repository->file));
  const Context context = context_of(generator, "int a;\n", "  return wid", "\n}\n");
  const PromptPlace place = {.path = "a.c", .repository = "r"};
  EXPECT_EQ(render(generator,
                   completion_prompt(with_related(context, generator), place, traits, tokenizer)),
            "BOS " + name + "r\n" + separator + "x.c\nint x;\n" + separator +
                "a.c\n[begin]int a;\n  return[hole]\n}\n[end]| wid");
  EXPECT_EQ(render(generator, completion_prompt(context, place, traits, tokenizer)),
            "BOS [begin]int a;\n  return[hole]\n}\n[end]| wid");
}

TEST(CompletionPrompt, OfAnAnchoredLineOnlyGrowsWhileWordsAreTyped) {
  const FakeGenerator generator;
  const std::string typed = "    return first value of the list";
  std::vector<engine::TokenId> last;
  for (size_t n = 0; n <= typed.size(); ++n) {
    const Context context = context_of(generator, "int a;\n", typed.substr(0, n), "\n}\n");
    const auto prompt = completion_prompt(context, {.path = "a.c", .repository = "r"},
                                          generator.traits(), generator.tokenizer());
    ASSERT_LE(last.size(), prompt.tokens.size());
    EXPECT_TRUE(std::equal(last.begin(), last.end(), prompt.tokens.begin())) << typed.substr(0, n);
    last = prompt.tokens;
  }
}

TEST(CompletionPrompt, NeverTakesSpecialTokensFromText) {
  const FakeGenerator generator;
  std::string spelled;
  for (engine::TokenId id = 0; id < generator.tokenizer().vocab_size(); ++id) {
    if (generator.tokenizer().is_special(id)) spelled += generator.tokenizer().bytes(id);
  }
  ASSERT_FALSE(spelled.empty());
  const Context context = context_of(generator, spelled, spelled + " x", spelled);
  const auto prompt = completion_prompt(context, {.path = "a.c", .repository = "r"},
                                        generator.traits(), generator.tokenizer());
  const auto n_special = std::count_if(prompt.tokens.begin(), prompt.tokens.end(), [&](auto id) {
    return generator.tokenizer().is_special(id);
  });
  EXPECT_EQ(n_special, 4);  // BOS, begin, hole, end
}

TEST(PathLine, NamesTheFileInTheModelsForm) {
  const FakeGenerator fim;
  const FakeGenerator base(FakeGenerator::Options{.has_fim = false});
  const Language* lua = find_language("lua", "");
  EXPECT_EQ(path_line({.path = "src/a.lua"}, lua, fim.traits()), "#src/a.lua\n");
  EXPECT_EQ(path_line({.path = "src/a.lua"}, lua, base.traits()), "-- src/a.lua\n");
  EXPECT_EQ(path_line({.path = "src/a.md"}, nullptr, base.traits()), "");
  EXPECT_EQ(path_line({.path = "a.json"}, find_language("json", ""), base.traits()), "");
}

TEST(PathLine, IsACommentForModelsThatKnowNoOtherForm) {
  const FakeGenerator generator;
  engine::ModelTraits traits = generator.traits();
  traits.fim->path_prefix = "";
  EXPECT_EQ(path_line({.path = "src/a.lua"}, find_language("lua", ""), traits), "-- src/a.lua\n");
  EXPECT_EQ(path_line({.path = "src/a.md"}, nullptr, traits), "");
}

TEST(PathLine, IsLeftOutIfItCannotBeOneLine) {
  const FakeGenerator fim;
  EXPECT_EQ(path_line({.path = ""}, nullptr, fim.traits()), "");
  EXPECT_EQ(path_line({.path = "a\nb"}, nullptr, fim.traits()), "");
  EXPECT_EQ(path_line({.path = std::string(5000, 'a')}, nullptr, fim.traits()), "");
}

}  // namespace
}  // namespace fathom::completion
