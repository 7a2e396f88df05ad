"""Ten programming languages as writers of the same small functions.

A statement is a tuple: ("let", name, type, value), ("set", name, value), ("if", condition, body),
("while", condition, body), ("return", value), ("do", value), and ("mark", statement), whose first line
is where a defect is. Values are texts that the language's own methods made. Types: int, str, bool,
list (of int), thing (an object with fields, or null).
"""


class Braces:
    """C and those after it; what a language does otherwise, it overrides."""

    null, true, false = "null", "true", "false"
    end = ";"
    header = footer = ()
    indent = 0  # of functions, in a class
    types = {}

    def v(self, name):
        return name

    def length(self, items):
        return f"{items}.length"

    def at(self, items, index):
        return f"{items}[{index}]"

    def field(self, thing, name):
        return f"{thing}.{name}"

    def is_null(self, thing):
        return f"{thing} == {self.null}"

    def is_thing(self, thing):
        return f"{thing} != {self.null}"

    def call(self, name, *arguments):
        return f"{name}({', '.join(arguments)})"

    def text(self, text):
        return f'"{text}"'

    def concat(self, *parts):
        return " + ".join(parts)

    def let(self, name, of, value):
        return f"{self.types[of]} {name} = {value}{self.end}"

    def block(self, keyword, condition):
        return f"{keyword} ({condition}) {{"

    def signature(self, name, parameters, of):
        listed = ", ".join(f"{self.types[t]} {n}" for n, t in parameters)
        return f"{self.types[of]} {name}({listed}) {{"

    closer = "}"

    def statement(self, statement, depth, out, marks):
        kind, *rest = statement
        pad = self.pad(depth)
        if kind == "mark":
            marks.append(len(out))
            self.statement(rest[0], depth, out, marks)
        elif kind in ("if", "while"):
            out.append(pad + self.block(kind, rest[0]))
            for inner in rest[1]:
                self.statement(inner, depth + 1, out, marks)
            if self.closer:
                out.append(pad + self.closer)
        elif kind == "let":
            out.append(pad + self.let(*rest))
        elif kind == "set":
            out.append(f"{pad}{self.v(rest[0])} = {rest[1]}{self.end}")
        elif kind == "return":
            out.append(f"{pad}return {rest[0]}{self.end}")
        else:
            out.append(f"{pad}{rest[0]}{self.end}")

    def pad(self, depth):
        return "    " * (depth + self.indent)

    def function(self, name, parameters, of, body):
        """(lines, indices of those that are marked)"""
        out, marks = [self.pad(0) + self.signature(name, parameters, of)], []
        for statement in body:
            self.statement(statement, 1, out, marks)
        if self.closer:
            out.append(self.pad(0) + self.closer)
        return out, marks


class C(Braces):
    name, extension, null = "c", "c", "NULL"
    types = {"int": "int", "str": "const char *", "bool": "int", "list": "const int *", "thing": "struct record *"}
    true, false = "1", "0"
    header = ("#include <stddef.h>", "", "struct record {", "    int value;", "};", "")

    def length(self, items):
        return f"{items}_length"

    def field(self, thing, name):
        return f"{thing}->{name}"

    def concat(self, *parts):
        return f"concatenated({', '.join(parts)}, NULL)"

    def let(self, name, of, value):
        return f"{self.types[of]} {name} = {value};".replace("* ", "*")

    def signature(self, name, parameters, of):
        listed = ", ".join(f"{self.types[t]} {n}" + (f", int {n}_length" if t == "list" else "") for n, t in parameters)
        return f"{self.types[of]} {name}({listed}) {{".replace("* ", "*")


class Cpp(Braces):
    name, extension, null = "cpp", "cpp", "nullptr"
    types = {"int": "int", "str": "std::string", "bool": "bool", "list": "const std::vector<int>&", "thing": "Record*"}
    header = ("#include <string>", "#include <vector>", "", "struct Record {", "    int value;", "};", "")

    def length(self, items):
        return f"{items}.size()"

    def field(self, thing, name):
        return f"{thing}->{name}"


class CSharp(Braces):
    name, extension, indent = "csharp", "cs", 1
    types = {"int": "int", "str": "string", "bool": "bool", "list": "int[]", "thing": "Record"}
    header, footer = ("static class Tools", "{"), ("}",)

    def length(self, items):
        return f"{items}.Length"

    def signature(self, name, parameters, of):
        return "public static " + super().signature(name, parameters, of)


class Java(Braces):
    name, extension, indent = "java", "java", 1
    types = {"int": "int", "str": "String", "bool": "boolean", "list": "int[]", "thing": "Entry"}
    header, footer = ("final class Tools {",), ("}",)

    def signature(self, name, parameters, of):
        return "static " + super().signature(name, parameters, of)


class JavaScript(Braces):
    name, extension = "javascript", "js"

    def let(self, name, of, value):
        return f"let {name} = {value};"

    def signature(self, name, parameters, of):
        return f"function {name}({', '.join(n for n, _ in parameters)}) {{"


class Php(JavaScript):
    name, extension, header = "php", "php", ("<?php", "")

    def v(self, name):
        return "$" + name

    def length(self, items):
        return f"count({items})"

    def field(self, thing, name):
        return f"{thing}->{name}"

    def concat(self, *parts):
        return " . ".join(parts)

    def let(self, name, of, value):
        return f"${name} = {value};"

    def signature(self, name, parameters, of):
        return f"function {name}({', '.join('$' + n for n, _ in parameters)}) {{"


class Go(Braces):
    name, extension, end, null = "go", "go", "", "nil"
    types = {"int": "int", "str": "string", "bool": "bool", "list": "[]int", "thing": "*Entry"}
    header = ("package tools", "", "type Entry struct {", "    value int", "}", "")

    def length(self, items):
        return f"len({items})"

    def let(self, name, of, value):
        return f"{name} := {value}"

    def block(self, keyword, condition):
        return f"{'for' if keyword == 'while' else keyword} {condition} {{"

    def signature(self, name, parameters, of):
        return f"func {name}({', '.join(f'{n} {self.types[t]}' for n, t in parameters)}) {self.types[of]} {{"


class Rust(Braces):
    name, extension = "rust", "rs"
    types = {"int": "i32", "str": "String", "bool": "bool", "list": "&[i32]", "thing": "Option<&Entry>"}
    header = ("pub struct Entry {", "    value: i32,", "}", "")

    def length(self, items):
        return f"{items}.len() as i32"

    def at(self, items, index):
        return f"{items}[{index} as usize]"

    def field(self, thing, name):
        return f"{thing}.unwrap().{name}"

    def is_null(self, thing):
        return f"{thing}.is_none()"

    def is_thing(self, thing):
        return f"{thing}.is_some()"

    def concat(self, *parts):
        return f"[{', '.join(p if p.startswith(chr(34)) else p + '.as_str()' for p in parts)}].concat()"

    def let(self, name, of, value):
        return f"let mut {name}: {self.types[of]} = {value};"

    def block(self, keyword, condition):
        return f"{keyword} {condition} {{"

    def signature(self, name, parameters, of):
        listed = ", ".join(f"{n}: {self.types[t]}" for n, t in parameters)
        return f"pub fn {name}({listed}) -> {self.types[of]} {{"


class Python(Braces):
    name, extension, end, null, true, false = "python", "py", "", "None", "True", "False"
    closer = None

    def length(self, items):
        return f"len({items})"

    def is_null(self, thing):
        return f"{thing} is None"

    def is_thing(self, thing):
        return f"{thing} is not None"

    def let(self, name, of, value):
        return f"{name} = {value}"

    def block(self, keyword, condition):
        return f"{keyword} {condition}:"

    def signature(self, name, parameters, of):
        return f"def {name}({', '.join(n for n, _ in parameters)}):"


class Ruby(Python):
    name, extension, null, true, false, closer = "ruby", "rb", "nil", "true", "false", "end"

    def length(self, items):
        return f"{items}.length"

    def is_null(self, thing):
        return f"{thing}.nil?"

    def is_thing(self, thing):
        return f"!{thing}.nil?"

    def block(self, keyword, condition):
        return f"{keyword} {condition}"

    def signature(self, name, parameters, of):
        return f"def {name}({', '.join(n for n, _ in parameters)})"


LANGUAGES = [C(), Cpp(), CSharp(), Go(), Java(), JavaScript(), Php(), Python(), Ruby(), Rust()]
