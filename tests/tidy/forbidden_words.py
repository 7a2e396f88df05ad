"""The project speaks of itself: no machines, addresses or tools of those who happened to write it,
and no unfinished business without an issue."""

import re

import tidy

WORDS = [
    (re.compile(r"registry\.npmjs|deb\.debian\.org|pypi\.org/simple|files\.pythonhosted"), "a registry's address"),
    (re.compile(r"\b(claude|anthropic|copilot workspace|AI (agent|session)|language model session)\b", re.I),
     "who or what wrote it"),
    (re.compile(r"(?<![\w.])/(work|farm|root)/"), "a path of one machine"),
    (re.compile(r"\b(FIXME|XXX|HACK)\b|\bTODO\b(?!\(#(\d+|issue)\))"), "unfinished; write TODO(#issue) or do it"),
]
# Data that may not be copied into the project is read from beside it, by tests only.
OUTSIDE = re.compile(r"\.\./shared")
MAY_READ_OUTSIDE = ("tests/", "CONTRIBUTING.md", "bench/")
TEXT = (".cpp", ".h", ".cu", ".cuh", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".lua", ".ts",
        ".js", ".yml", ".yaml", ".toml", "/run")


def check(tree):
    for path in tree.matching(("",), TEXT):
        if path.startswith("tests/data/") or path == "tests/tidy/forbidden_words.py":
            continue
        for number, line in tidy.lines(tree.read(path)):
            for pattern, what in WORDS:
                match = pattern.search(line)
                if match:
                    yield f"{path}:{number}: {match.group(0)} ({what})"
            if OUTSIDE.search(line) and not path.startswith(MAY_READ_OUTSIDE):
                yield f"{path}:{number}: ../shared is not part of the project"


SAMPLES = [
    ({"scripts/a.sh": "npm --registry https://registry.npmjs.org\n"}, ["registry's address"]),
    ({"README.md": "written by Claude\n"}, ["who or what"]),
    ({"a.cpp": '"/work/main/x"\n// FIXME\n// TODO: later\n'}, ["one machine", "unfinished", "unfinished"]),
    ({"engine/a.cpp": '"../shared/x"\n'}, ["not part of the project"]),
    ({"tests/a.cpp": '"../shared/x"  // TODO(#12): y\n"/home/"\n"https://x/work/"\n'}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
