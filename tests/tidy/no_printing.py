"""Libraries never print and never end the process: that is for editors/cli to decide."""

import re

import tidy

ALLOWED = {"engine/base/assert.cpp": "a broken promise of our own code ends the process, loudly"}
FORBIDDEN = re.compile(
    r"std::c(out|err|log)\b|\b(printf|fprintf|vprintf|puts|putchar|perror)\s*\("
    r"|\bfmt::print\b|(?<![\w.>:])(?<!void )(::|std::)?_?(exit|abort|quick_exit|terminate|_Exit)\s*\("
)


def check(tree):
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/"), (".h", ".cpp", ".cu", ".cuh")):
        if path in ALLOWED:
            continue
        for number, line in tidy.lines(tidy.cpp_code(tree.read(path))):
            match = FORBIDDEN.search(line)
            if match:
                yield f"{path}:{number}: {match.group(0).strip()} in a library"


SAMPLES = [
    ({"engine/a.cpp": 'void f() {\n  std::cerr << "x";\n}\n'}, ["a.cpp:2: std::cerr"]),
    ({"lsp/a.cpp": 'fprintf(stderr, "x");\nstd::exit(1);\nabort();\n'}, ["fprintf", "exit", "abort"]),
    ({"engine/a.cpp": 'snprintf(b, 3, "printf(");  // exit(1)\nserver.exit(0);\nvoid on_exit(int);\nvoid exit(Session&);\n',
      "editors/cli/main.cpp": "std::exit(2);\n", "engine/base/assert.cpp": "std::abort();\n"}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
