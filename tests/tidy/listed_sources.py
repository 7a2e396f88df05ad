"""Every source file is built: some CMakeLists.txt lists it by hand."""

import posixpath
import re

import tidy

SOURCE = re.compile(r"[\w./${}-]+\.(?:cpp|cu)\b")


def listed(tree):
    for path in tree.matching(("",), ("CMakeLists.txt", ".cmake")):
        folder = posixpath.dirname(path)
        for name in SOURCE.findall(tree.read(path)):
            from_root = name.removeprefix("${CMAKE_SOURCE_DIR}/")
            yield from_root if from_root != name else posixpath.normpath(f"{folder}/{name}")


def check(tree):
    built = set(listed(tree))
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/", "editors/cli/", "tests/"),
                               (".cpp", ".cu")):
        if path not in built and not path.startswith("tests/data/"):
            yield f"{path}: no CMakeLists.txt lists it"


SAMPLES = [
    ({"engine/CMakeLists.txt": "SOURCES b.cpp)", "engine/a.cpp": "", "engine/b.cpp": ""},
     ["engine/a.cpp: no CMakeLists.txt"]),
    ({"engine/CMakeLists.txt": "SOURCES cpu/a.cpp ../lsp/b.cpp ${CMAKE_SOURCE_DIR}/tests/c.cpp)",
      "engine/cpu/a.cpp": "", "lsp/b.cpp": "", "tests/c.cpp": ""}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
