"""Every source file is built: a CMakeLists.txt above it lists it by hand."""

import posixpath

import tidy


def check(tree):
    lists = {p: tree.read(p) for p in tree.paths if posixpath.basename(p) == "CMakeLists.txt"}
    for path in tree.matching(("engine/", "completion/", "lsp/", "editors/cli/", "tests/"), (".cpp",)):
        if path.startswith("tests/data/"):
            continue
        folder, name = posixpath.split(path)
        while True:
            listing = lists.get(f"{folder}/CMakeLists.txt", "")
            relative = path[len(folder) + 1:]
            if relative in listing.replace(")", " ").split():
                break
            # cmake/FathomTargets.cmake gives every fuzz target its main function.
            if not folder or name == "replay_main.cpp":
                if name != "replay_main.cpp":
                    yield f"{path}: no CMakeLists.txt lists it"
                break
            folder = posixpath.dirname(folder)


SAMPLES = [
    ({"engine/CMakeLists.txt": "SOURCES b.cpp)", "engine/a.cpp": "", "engine/b.cpp": ""},
     ["engine/a.cpp: no CMakeLists.txt"]),
    ({"engine/CMakeLists.txt": "SOURCES cpu/a.cpp", "engine/cpu/a.cpp": ""}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
