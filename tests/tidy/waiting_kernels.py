"""Kernels that do not wait for those before them, all threads of them, while these may still run (cuda/device.h)."""

import re

import tidy

KERNEL = re.compile(r"__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\([^;{]*\{")
CALL = "wait_for_earlier_kernels();"


def body(code, begin):
    depth = 1
    for index in range(begin, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return code[begin:index]
    return code[begin:]


def check(tree):
    for path in tree.matching(("cuda/",), (".h", ".cu")):
        code = tidy.cpp_code(tree.read(path))
        for match in KERNEL.finditer(code):
            before = body(code, match.end()).partition(CALL)
            if not before[1] or re.search(r"\breturn\b|__syncthreads", before[0]):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {match.group(1)} must call {CALL[:-1]} before it returns or meets a barrier"


GOOD = "__global__ void f(int* x) {\n  wait_for_earlier_kernels();\n  if (x) return;\n}\n"
SAMPLES = [
    ({"cuda/a.cu": GOOD}, []),
    ({"cuda/a.cu": GOOD + "__global__ void __launch_bounds__(kN) g(int) { if (true) { h(); } }\n"}, ["a.cu:5: g must call"]),
    ({"cuda/a.h": "__global__ void f() { if (x) return; wait_for_earlier_kernels(); }"}, ["a.h:1: f must call"]),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
