#include "completion/workspace/imports.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "completion/workspace/resolve_import.h"
#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

const Language& language_of(std::string_view path) { return *find_language("", path); }

/// What `source` imports, one line each: "target: names".
void check(std::string_view path, std::string_view source, std::string_view expected) {
  std::string found;
  for (const Import& import : imports_of(test::dedent(source), language_of(path))) {
    found += import.target;
    if (!import.names.empty()) found += fmt::format(": {}", fmt::join(import.names, " "));
    found += '\n';
  }
  EXPECT_EQ(found, test::dedent(expected)) << path;
}

/// Where `import` of the file `from` leads among `paths`.
void leads(std::string_view from, const Import& import, std::vector<std::string> paths,
           std::vector<std::string> expected) {
  FileNames files;
  for (const std::string& path : paths) files.add(path);
  EXPECT_EQ(resolve_import(import, language_of(from), std::string(from), files), expected)
      << from << " " << import.target;
}

TEST(Imports, AreReadFromEveryLanguage) {
  check("a.cpp", "#include \"shop/cart.h\"\n#  include <vector>\nint include;\n",
        "shop/cart.h\nvector\n");
  check("a.py", R"(
    import os, app.models as m  # comment
    from . import util
    from ..shop.cart import (Cart,
        Line as L)
    text = "from x import y"
  )",
        R"(
    os
    app.models
    .: util
    ..shop.cart: Cart Line
  )");
  check("a.ts", R"(
    import base, { a, type B as C } from "./base";
    import * as all from '../all';
    import "./effect";
    import {
      one,
      two,
    } from "@/many";
    export { x } from "./x";
    export const s = "from nowhere";
    const { p, q } = require("./old");
  )",
        R"(
    ./base: base a B
    ../all
    ./effect
    @/many: one two
    ./x: x
    ./old: p q
  )");
  check("a.go", "import \"fmt\"\nimport (\n  s \"example.com/a/store\"\n  \"os\"\n)\n",
        "fmt\nexample.com/a/store\nos\n");
  check("a.rs", R"(
    mod store;
    pub mod event;
    use crate::store::{Store, inner::{self, Deep as D}};
    use super::clock::*;
    pub use std::fmt;
  )",
        R"(
    self::store
    self::event
    crate::store::Store: Store
    crate::store::inner
    crate::store::inner::Deep: Deep
    super::clock
    std::fmt: fmt
  )");
  check("A.java", "import static com.acme.Util.max;\nimport com.acme.shop.*;\nclass A {}\n",
        "com.acme.Util.max\ncom.acme.shop.*\n");
  check("a.kt", "import com.acme.Cart as C\n", "com.acme.Cart\n");
  check("a.scala", "import com.acme.{Cart, Line}\n", "com.acme: Cart Line\n");
  check("a.cs",
        "using System;\nusing static Acme.Util;\nusing M = Acme.Map;\nusing (var f = x) {}\n",
        "System\nAcme.Util\nAcme.Map\n");
  check("a.php",
        "<?php\nuse App\\Models\\User;\nuse App\\{A, B as C};\nrequire_once 'lib/x.php';\n",
        "App\\Models\\User: User\nApp\\A: A\nApp\\B: B\nlib/x.php\n");
  check("a.rb", "require 'json'\nrequire_relative \"../cart\"\nrequirement = 1\n",
        "json\n../cart\n");
  check("a.lua", "local m = require(\"shop.cart\")\nlocal n = require 'x'\n", "shop.cart\nx\n");
  check("a.zig", "const std = @import(\"std\");\nconst c = @import(\"cart.zig\");\n",
        "std\ncart.zig\n");
  check("a.sh", "source \"$HERE/lib/common.sh\"\n. ./x.sh\nsourced=1\n", "common.sh\nx.sh\n");
}

TEST(Imports, SurviveAnyText) {
  for (const Language& language : languages()) {
    for (const std::string& text :
         {std::string("import {"), std::string("from  import ("), std::string("use a::{b, {c,"),
          std::string("use {{{{{{{{{{{{{{{{{{{{"), std::string("require("),
          std::string("import \""), std::string("source "), std::string(". "),
          std::string("#include"), std::string("use ;"), std::string("use std::*"),
          std::string("mod ;"), std::string(70000, '{')}) {
      imports_of(text, language);
      package_of(text, language);
    }
  }
}

TEST(Imports, LeadToFilesOfTheWorkspace) {
  leads("src/a.cpp", {.target = "cart.h"}, {"src/cart.h", "lib/cart.h"}, {"src/cart.h"});
  leads("src/a.cpp", {.target = "shop/cart.h"}, {"include/shop/cart.h", "cart.h"},
        {"include/shop/cart.h"});
  leads("src/a.cpp", {.target = "vector"}, {"src/other.h"}, {});
  leads("app/views/a.py", {.target = "..models", .names = {"User"}}, {"app/models.py", "models.py"},
        {"app/models.py"});
  leads("app/a.py", {.target = ".", .names = {"util", "missing"}},
        {"app/util.py", "app/__init__.py"}, {"app/__init__.py", "app/util.py"});
  leads("a.py", {.target = "app.models"}, {"src/app/models/__init__.py"},
        {"src/app/models/__init__.py"});
  leads("src/views/a.ts", {.target = "../model/task"}, {"src/model/task.ts", "model/task.ts"},
        {"src/model/task.ts"});
  leads("src/a.ts", {.target = "./task.js"}, {"src/task.ts"}, {"src/task.ts"});
  leads("src/a.tsx", {.target = "@/lib"}, {"src/lib/index.ts"}, {"src/lib/index.ts"});
  leads("src/a.ts", {.target = "react"}, {"src/react.ts"}, {});
  leads("src/a.ts", {.target = "../../../etc/passwd"}, {"etc/passwd.ts"}, {});
  leads("cmd/main.go", {.target = "example.com/x/internal/store"},
        {"internal/store/a.go", "internal/store/b.go", "store/c.go"},
        {"internal/store/a.go", "internal/store/b.go"});
  leads("cmd/main.go", {.target = "fmt"}, {"store/a.go"}, {});
  leads("src/main.rs", {.target = "self::store"}, {"src/store.rs"}, {"src/store.rs"});
  leads("src/a/b.rs", {.target = "crate::store::Store"}, {"src/store/mod.rs"},
        {"src/store/mod.rs"});
  leads("src/a/b.rs", {.target = "super::c::X"}, {"src/a/c.rs", "src/c.rs"}, {"src/a/c.rs"});
  leads("src/a.rs", {.target = "std::collections"}, {"src/collections.rs"}, {});
  leads("A.java", {.target = "com.acme.shop.Cart"}, {"src/main/java/com/acme/shop/Cart.java"},
        {"src/main/java/com/acme/shop/Cart.java"});
  leads("a.php", {.target = "App\\Models\\User"}, {"app/Models/User.php"}, {"app/Models/User.php"});
  leads("lib/a.rb", {.target = "../cart"}, {"cart.rb"}, {"cart.rb"});
  leads("a.lua", {.target = "shop.cart"}, {"lua/shop/cart.lua"}, {"lua/shop/cart.lua"});
  leads("src/a.zig", {.target = "cart.zig"}, {"src/cart.zig"}, {"src/cart.zig"});
  leads("a.cpp", {.target = "a.cpp"}, {"a.cpp"}, {});  // never to itself
}

TEST(Imports, NamePackagesWhereFilesSayTheirs) {
  EXPECT_EQ(package_of("// x\npackage com.acme.shop;\n", language_of("A.java")), "com.acme.shop");
  EXPECT_EQ(package_of("namespace Acme.Shop {\n", language_of("a.cs")), "Acme.Shop");
  EXPECT_EQ(package_of("<?php\nnamespace App\\Models;\n", language_of("a.php")), "App\\Models");
  EXPECT_EQ(package_of("package main\n", language_of("a.go")), "");

  const auto package = [](std::string_view path, std::string target) {
    const PackageImport p = imports_package({.target = std::move(target)}, language_of(path));
    return fmt::format("{} {}", p.package, fmt::join(p.names, " "));
  };
  EXPECT_EQ(package("a.kt", "com.acme.Cart"), "com.acme Cart");
  EXPECT_EQ(package("A.java", "com.acme.*"), "com.acme ");
  EXPECT_EQ(package("a.cs", "Acme.Shop"), "Acme.Shop ");
  EXPECT_EQ(package("a.py", "acme.shop"), " ");
}

TEST(FileNames, ForgetWhatIsRemoved) {
  FileNames files;
  files.add("a/b/c.h");
  files.add("a/c.h");
  EXPECT_EQ(files.find("c.h", "a/x.cpp"), "a/c.h");
  EXPECT_EQ(files.find("b/c.h", ""), "a/b/c.h");
  EXPECT_EQ(files.find("xc.h", ""), "");
  files.remove("a/c.h");
  EXPECT_FALSE(files.contains("a/c.h"));
  EXPECT_EQ(files.find("c.h", "a/x.cpp"), "a/b/c.h");
  EXPECT_EQ(files.find_folder("b", "").size(), 1u);
  files.remove("a/b/c.h");
  EXPECT_TRUE(files.find_folder("b", "").empty());
  EXPECT_EQ(files.find("c.h", ""), "");
}

}  // namespace
}  // namespace fathom::completion
