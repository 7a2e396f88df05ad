"""What clang 14 does not compile with the library of GCC 12: algorithms and views that give a subrange."""

import re

import tidy

FORBIDDEN = re.compile(
    r"std::ranges::(unique|equal_range|remove|remove_if|search|search_n|find_end|partition|stable_partition|rotate|subrange"
    r"|[\w:]*_view)\b|std::(ranges::)?views::"
)


def check(tree):
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/", "editors/cli/", "tests/"), (".h", ".cpp")):
        for number, line in tidy.lines(tidy.cpp_code(tree.read(path))):
            match = FORBIDDEN.search(line)
            if match:
                yield f"{path}:{number}: {match.group(0)}; clang 14 cannot, and builds the fuzz targets: take the one without ranges"


SAMPLES = [
    ({"engine/a.cpp": "v.erase(std::ranges::unique(v).begin(), v.end());\n"}, ["a.cpp:1: std::ranges::unique"]),
    ({"tests/a_test.cpp": "int x;\nfor (int i : std::views::iota(0, 3)) f(i);\n"}, ["a_test.cpp:2: std::views::"]),
    ({"lsp/a.cpp": "std::ranges::unique_copy(a, b);  // std::views\nstd::ranges::sort(v);\nstd::unique(a, b);\n"}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
