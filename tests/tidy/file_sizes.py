"""A file holds one thing, and the whole tree can be carried anywhere."""

import tidy

CODE = (".cpp", ".h", ".cu", ".cuh", ".py", ".lua", ".ts", ".sh")
LONG_LINES = 400  # worth a look
MAX_LINES = 600
MAX_TREE_BYTES = 40 * 1024 * 1024


def check(tree):
    for path in tree.matching(("",), CODE):
        if path.startswith("tests/data/"):
            continue
        n_lines = tree.read(path).count("\n")
        if n_lines > MAX_LINES:
            yield f"{path}: {n_lines} lines, more than {MAX_LINES}: which two things is it?"
        elif n_lines > LONG_LINES and tree.files is None:
            print(f"note: {path} has {n_lines} lines")
    total = sum(tree.size(p) for p in tree.paths)
    if total > MAX_TREE_BYTES:
        largest = sorted(tree.paths, key=tree.size)[-3:]
        yield f"the tracked tree has {total} bytes, more than {MAX_TREE_BYTES}; largest: {largest}"


SAMPLES = [
    ({"a.cpp": "\n" * (MAX_LINES + 1)}, ["601 lines"]),
    ({"a.bin": "x" * (MAX_TREE_BYTES + 1)}, ["tracked tree"]),
    ({"a.cpp": "\n" * MAX_LINES, "tests/data/a.py": "\n" * 1000}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
