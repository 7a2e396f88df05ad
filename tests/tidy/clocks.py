"""Nothing depends on the time of day, which jumps: durations are measured by the steady clock."""

import re

import tidy

ALLOWED = {"editors/cli/log_file.cpp": "people read the time of day there",
           "http/reply.cpp": "the API's answers carry it"}
FORBIDDEN = re.compile(
    r"\b(system_clock|high_resolution_clock|CLOCK_REALTIME|gettimeofday|utc_clock)\b"
    r"|(?<![\w.>])(std::)?time\s*\(\s*(nullptr|NULL|0|&\w+)\s*\)"
)


def check(tree):
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/", "editors/cli/"), (".h", ".cpp", ".cu", ".cuh")):
        if path in ALLOWED:
            continue
        for number, line in tidy.lines(tidy.cpp_code(tree.read(path))):
            match = FORBIDDEN.search(line)
            if match:
                yield f"{path}:{number}: {match.group(0).strip()}; use std::chrono::steady_clock"


SAMPLES = [
    ({"lsp/a.cpp": "auto now = std::chrono::system_clock::now();\n"}, ["a.cpp:1: system_clock"]),
    ({"engine/a.cpp": "int x;\nlong t = std::time(nullptr);\n"}, ["a.cpp:2: std::time(nullptr)"]),
    ({"lsp/a.cpp": "auto now = std::chrono::steady_clock::now();  // not system_clock\nrun_time(0);\n",
      "editors/cli/log_file.cpp": "std::time(nullptr);\n"}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
