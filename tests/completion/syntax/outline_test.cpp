#include "completion/syntax/outline.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/marked_text.h"

namespace fathom::completion {
namespace {

using test::dedent;

/// The outline of `head`; scopes are marked with '>', imports with '#'.
std::string render(std::string_view language, std::string_view head, std::string_view indent) {
  Outliner outliner(*find_language(language, ""));
  std::string result;
  for (const OutlineItem& item : outliner.outline(head, indent)) {
    const char mark = item.kind == OutlineItem::Kind::import  ? '#'
                      : item.kind == OutlineItem::Kind::scope ? '>'
                                                              : ' ';
    result += mark;
    result += item.text;
  }
  return result;
}

void check(std::string_view language, std::string_view head, std::string_view expected,
           std::string_view indent = "") {
  EXPECT_EQ(render(language, dedent(head), indent), dedent(expected));
}

TEST(Outline, OfC) {
  check("c", R"(
#ifndef A_H
#define A_H
#include <stdio.h>
struct point { int x, y; };
static int add(int a, int b) {
  return a + b;
}
int main(void) {
  int a = 1;
)",
        R"(
 #define A_H
##include <stdio.h>
 struct point;
 static int add(int a, int b);
>int main(void) {
)");
}

TEST(Outline, OfCpp) {
  check("cpp", R"(
#include "grid.h"
namespace game {
template <class T>
T twice(T a) { return a + a; }
class Grid : public Board {
 public:
  int width;
  int at(int x, int y) const { return cells[y * width + x]; }
  void clear() {
    for (int& c : cells) {
)",
        R"(
##include "grid.h"
>namespace game {
 template <class T>
T twice(T a);
>class Grid : public Board {
   int width;
   int at(int x, int y) const;
>  void clear() {
)");
}

TEST(Outline, OfPython) {
  check("python", R"(
import os
from a import b

def first(a):
    return a

class Grid:
    """A grid."""
    @property
    def width(self) -> int:
        return self._width

    def clear(self):
        for c in self.cells:
)",
        R"(
#import os
#from a import b
 def first(a): ...
>class Grid:
     @property
    def width(self) -> int: ...
>    def clear(self):
)",
        "            ");
}

TEST(Outline, OfPythonKnowsByTheNextLineWhatIsStillOpen) {
  constexpr std::string_view kHead = "class A:\n    def f(self):\n        g()\n\n";
  EXPECT_EQ(render("python", kHead, "    "), ">class A:\n     def f(self): ...\n");
  EXPECT_EQ(render("python", kHead, ""), " class A: ...\n");
}

TEST(Outline, OfJavaScript) {
  check("javascript", R"(
import { a } from "./a.js";
export function f(x) {
  return x;
}
const limit = 10;
export default class View {
  render() {
    return 1;
  }
  update(state) {
    const next = {
)",
        R"(
#import { a } from "./a.js";
 export function f(x) {}
 const limit = 10;
>export default class View {
   render() {}
>  update(state) {
)");
}

TEST(Outline, OfTypeScriptAndTsx) {
  for (const std::string_view language : {"typescript", "typescriptreact"}) {
    check(language, R"(
import type { A } from "a";
export interface Point { x: number; y: number }
type Pair = [Point, Point];
export class Line {
  private a: Point;
  length(): number {
    return 1;
  }
  move(by: Point): void {
    this.a.x += by.x;
)",
          R"(
#import type { A } from "a";
 export interface Point;
 type Pair = [Point, Point];
>export class Line {
   private a: Point
   length(): number;
>  move(by: Point): void {
)");
  }
}

TEST(Outline, OfGo) {
  check("go", R"(
package grid

import "fmt"

type Grid struct {
	width int
}

func New(width int) *Grid {
	return &Grid{width}
}

func (g *Grid) Clear() {
	for i := range g.cells {
)",
        R"(
#package grid
#import "fmt"
 type Grid struct {
	width int
}
 func New(width int) *Grid
>func (g *Grid) Clear() {
)");
}

TEST(Outline, OfRust) {
  check("rust", R"(
use std::fmt;
pub struct Grid { width: usize }
impl Grid {
    pub fn new(width: usize) -> Self {
        Grid { width }
    }
    fn clear(&mut self) {
        for c in self.cells.iter_mut() {
)",
        R"(
#use std::fmt;
 pub struct Grid;
>impl Grid {
     pub fn new(width: usize) -> Self;
>    fn clear(&mut self) {
)");
}

TEST(Outline, OfJava) {
  check("java", R"(
package game;
import java.util.List;
class Grid {
  private int width;
  int at(int x) { return cells.get(x); }
  void clear() {
    for (int c : cells) {
)",
        R"(
#package game;
#import java.util.List;
>class Grid {
   private int width;
   int at(int x);
>  void clear() {
)");
}

TEST(Outline, OfLua) {
  check("lua", R"(
local M = {}
function M.first(a)
  return a
end
local function second(b)
  if b then
)",
        R"(
 local M = {}
 function M.first(a) end
>local function second(b)
)");
}

TEST(Outline, SurvivesAFileThatDoesNotParse) {
  EXPECT_EQ(render("cpp", "struct A {\n  int f(;\n  void g() {\n", ""),
            ">struct A {\n   int f(;\n>  void g() {\n");
  render("python", "def def ((\n\xff\n", "");
}

TEST(Outline, OfAHeadThatGrowsIsThatOfAFreshOne) {
  const std::string text = dedent(R"(
class A {
  void f() { g("}"); }
  void h() {
    if (a) {
      b();
    }
  }
};
void i() {
)");
  Outliner kept(*find_language("cpp", ""));
  for (size_t n = text.find('\n') + 1; n > 0 && n <= text.size(); n = text.find('\n', n) + 1) {
    Outliner fresh(*find_language("cpp", ""));
    const std::string_view head = std::string_view(text).substr(0, n);
    EXPECT_EQ(kept.outline(head, ""), fresh.outline(head, "")) << head;
    if (n == text.size()) break;
  }
}

TEST(Outline, OfCSharp) {
  check("csharp", R"(
using System;
namespace Game {
  public class Grid : Board {
    private int width;
    public int Width { get { return width; } }
    public Grid(int width) { this.width = width; }
    public int Area() {
      return width;
    }
    public int Next() {
      var a = 1;
)",
        R"(
#using System;
>namespace Game {
>  public class Grid : Board {
     private int width;
     public int Width { get { return width; } }
     public Grid(int width);
     public int Area();
>    public int Next() {
)",
        "      ");
}

TEST(Outline, OfKotlin) {
  check("kotlin", R"(
package game
import kotlin.math.abs
class Grid(val width: Int) : Board() {
  val area = width
  fun next(a: Int): Int {
    return a
  }
  fun last(): Int {
    val b = 1
)",
        R"(
#package game
#import kotlin.math.abs
>class Grid(val width: Int) : Board() {
   val area = width
   fun next(a: Int): Int
>  fun last(): Int {
)",
        "    ");
}

TEST(Outline, OfSwift) {
  check("swift", R"(
import Foundation
struct Grid: Board {
  let width: Int
  func next(a: Int) -> Int {
    return a
  }
  func last() -> Int {
    let b = 1
)",
        R"(
#import Foundation
>struct Grid: Board {
   let width: Int
   func next(a: Int) -> Int
>  func last() -> Int {
)",
        "    ");
}

TEST(Outline, OfScala) {
  check("scala", R"(
package game
import scala.util.Try
class Grid(width: Int) extends Board {
  val area = width
  def next(a: Int): Int = {
    a
  }
  def last(): Int = {
    val b = 1
)",
        R"(
#package game
#import scala.util.Try
>class Grid(width: Int) extends Board {
   val area = width
   def next(a: Int): Int =
>  def last(): Int = {
)",
        "    ");
}

TEST(Outline, OfPhp) {
  check("php", R"(
<?php
use App\Board;
class Grid extends Board {
  private int $width = 1;
  function next(int $a): int {
    return $a;
  }
  function last() {
    $b = 1;
)",
        R"(
#use App\Board;
>class Grid extends Board {
   private int $width = 1;
   function next(int $a): int;
>  function last() {
)",
        "    ");
}

TEST(Outline, OfRuby) {
  check("ruby", R"(
module Game
  class Grid < Board
    def next(a)
      a + 1
    end
    def last
      b = 1
)",
        R"(
>module Game
>  class Grid < Board
     def next(a); end
>    def last
)",
        "      ");
}

TEST(Outline, OfShell) {
  check("shellscript", R"(
f() {
  echo a
}
function g {
  b=1
)",
        R"(
 f()
>function g {
)",
        "  ");
}

TEST(Outline, OfZig) {
  check("zig", R"(
const std = @import("std");
pub const Grid = struct {
    width: u32,
    pub fn area(self: Grid) u32 {
        return self.width;
    }
};
fn last(a: u32) u32 {
    const b = 1;
)",
        R"(
 const std = @import("std");
 pub const Grid = struct {
    width: u32,
    pub fn area(self: Grid) u32 {
        return self.width;
    }
};
>fn last(a: u32) u32 {
)",
        "    ");
}

}  // namespace
}  // namespace fathom::completion
