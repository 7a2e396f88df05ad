"""C++ is laid out as .clang-format says."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import tidy

CODE = (".cpp", ".h", ".cu", ".cuh")


def check(tree):
    style = f"--style=file:{tidy.ROOT}/.clang-format"
    # Unfinished on purpose: samples.
    paths = [path for path in tree.matching(("",), CODE) if not path.startswith(("samples/", "tests/data/"))]
    with tempfile.TemporaryDirectory() as folder:  # a process for each file takes a minute of a busy machine
        copies = {path: pathlib.Path(folder, path) for path in paths}
        for path, copy in copies.items():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(tree.read_bytes(path))
        subprocess.run(["clang-format", "-i", style, *paths], cwd=folder, check=True)
        for path, copy in copies.items():
            if copy.read_bytes() != tree.read_bytes(path):
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
