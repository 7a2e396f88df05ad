#include "completion/review/index_around.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "tests/completion/review/sample_change.h"
#include "tests/completion/review/sample_repository.h"

namespace fathom::completion {
namespace {

/// Paths of the index around a change that adds the lines of `added` to the file, which is "".
std::string around(test::Texts texts, const std::string& path, const std::string& text) {
  texts[path] = text;
  ReviewInput input;
  input.files.push_back(test::change_of(path, "", text));
  return fmt::format("{}", fmt::join(index_around(input, test::files_of(texts), {})->paths(), " "));
}

TEST(IndexAround, HoldsWhatTheChangeImportsAndNamesAndTheChangeItself) {
  EXPECT_EQ(around({{"src/util.h", "int parse(int a);\n"},
                    {"src/other.h", "int format(int a);\n"},
                    {"lib/far.h", "int parse(int a);\n"}},
                   "src/a.cpp", "#include \"util.h\"\n#include \"other.h\"\nint x = parse(1);\n"),
            "src/a.cpp src/util.h");
}

TEST(IndexAround, FollowsImportsOfImportsButNoFurther) {
  EXPECT_EQ(around({{"a/one.h", "#include \"b/two.h\"\n"},
                    {"b/two.h", "#include \"c/three.h\"\nint parse();\n"},
                    {"c/three.h", "int parse(int a);\n"}},
                   "src/a.cpp", "#include \"a/one.h\"\nint x = parse();\n"),
            "b/two.h src/a.cpp");
}

TEST(IndexAround, LooksBesideTheFileWhereALanguageNeedsNoImport) {
  EXPECT_EQ(around({{"shop/cart.go", "package shop\n\nfunc Total(n int) int { return n }\n"},
                    {"shop/notes.py", "def Total(): pass\n"},
                    {"bank/cart.go", "package bank\n\nfunc Total(n int) int { return n }\n"}},
                   "shop/order.go", "package shop\n\nfunc f() int { return Total(1) }\n"),
            "shop/cart.go shop/order.go");
}

TEST(IndexAround, FindsPackagesByTheirFolders) {
  EXPECT_EQ(around({{"src/main/java/com/acme/Cart.java",
                     "package com.acme;\npublic class Cart { int total() { return 1; } }\n"},
                    {"Models/Order.cs", "namespace Acme.Models { class Order { } }\n"}},
                   "src/main/java/com/shop/Till.java",
                   "package com.shop;\nimport com.acme.Cart;\nclass Till { Cart cart; }\n"),
            "src/main/java/com/acme/Cart.java src/main/java/com/shop/Till.java");
  EXPECT_EQ(around({{"Models/Order.cs", "namespace Acme.Models { class Order { } }\n"}},
                   "Web/Page.cs", "using Acme.Models;\nclass Page { Order order; }\n"),
            "Models/Order.cs Web/Page.cs");
}

TEST(IndexAround, LeavesOutCredentialsAndWhatCannotBeRead) {
  const std::string code = "<?php\nfunction parse($a) { return $a; }\n";
  const test::Texts texts{{"util.php", code},
                          {"wp-config.php", code},
                          {"huge.php", code + std::string(300 << 10, '\n')}};
  ReviewInput input;
  input.files.push_back(test::change_of("a.php", "", "<?php\nparse(1);\n"));
  RepositoryFiles files = test::files_of(texts);
  files.paths.emplace_back("gone.php");
  EXPECT_EQ(fmt::format("{}", fmt::join(index_around(input, files, {})->paths(), " ")),
            "a.php util.php");
}

TEST(IndexAround, ReadsABoundedNumberOfFiles) {
  test::Texts texts;
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    texts[fmt::format("lib/m{}.py", i)] = "def parse(): pass\n";
    text += fmt::format("import lib.m{}\n", i);
  }
  text += "parse()\n";
  ReviewInput input;
  input.files.push_back(test::change_of("a.py", "", text));
  RepositoryFiles files = test::files_of(texts);
  int n_read = 0;
  files.read = [&n_read, read = files.read](const std::string& path, size_t max_bytes) {
    ++n_read;
    return read(path, max_bytes);
  };
  EXPECT_GT(index_around(input, files, {})->size().files, 100u);
  EXPECT_LE(n_read, 600);
}

}  // namespace
}  // namespace fathom::completion
