"""Sources are ASCII, without tabs or trailing spaces; other characters are escaped or test data.

Tests may hold tabs: they quote Go.
"""

import tidy

# Those who train on all kinds of text spell it out.
EXCEPT = ("tests/data/", "models/nano/training/")
CODE = (".cpp", ".h", ".cu", ".cuh", ".py", ".sh", ".cmake", ".lua", ".ts", "CMakeLists.txt")


def check(tree):
    for path in tree.matching(("",), CODE):
        if path.startswith(EXCEPT):
            continue
        for number, line in tidy.lines(tree.read(path)):
            if not line.isascii():
                yield f"{path}:{number}: not ASCII"
            if "\t" in line and not path.startswith("tests/"):
                yield f"{path}:{number}: a tab"
            if line != line.rstrip():
                yield f"{path}:{number}: spaces at the end of the line"


SAMPLES = [
    ({"a.cpp": "// caf\u00e9\n\tint x; \n"}, ["not ASCII", "a tab", "spaces at the end"]),
    ({"a.cpp": '"\\u00e9"\n', "README.md": "\u00e9\n", "tests/data/a.py": "\u00e9\n"}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
