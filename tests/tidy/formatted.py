"""C++ is laid out as .clang-format says."""

import shutil
import subprocess
import sys

import tidy

CODE = (".cpp", ".h", ".cu", ".cuh")


def check(tree):
    style = f"--style=file:{tidy.ROOT}/.clang-format"
    for path in tree.matching(("",), CODE):
        if path.startswith(("samples/", "tests/data/")):  # unfinished on purpose
            continue
        text = tree.read_bytes(path)
        formatted = subprocess.run(
            ["clang-format", style, f"--assume-filename={path}"],
            input=text, capture_output=True, check=True).stdout
        if formatted != text:
            yield f"{path}: run clang-format -i on it"


SAMPLES = [
    ({"a.cpp": "int  x = 1 ;\n"}, ["a.cpp: run clang-format"]),
    ({"a.cpp": "int x = 1;\n"}, []),
]

if __name__ == "__main__":
    if not shutil.which("clang-format"):
        print("clang-format is not installed")
        sys.exit(77)
    tidy.run(check, SAMPLES)
