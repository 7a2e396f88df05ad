"""Every include respects the layers: the table of ARCHITECTURE.md, "Layers"."""

import re

import tidy

# Third-party headers by the name that the table uses. Anything else in <> is the standard library
# or the operating system.
LIBRARIES = {
    "json": ("nlohmann/",),
    "boost": ("boost/",),
    "tree-sitter": ("tree_sitter/",),
    "pcre2": ("pcre2.h",),
    "cli11": ("CLI/",),
    "zlib": ("zlib.h",),
    "toml": ("toml++/",),
    "curl": ("curl/",),
    "openssl": ("openssl/",),
    "git2": ("git2.h", "git2/"),
    "cuda": ("cuda", "cublas", "nccl"),
    "fmt": ("fmt/",),
    "expected": ("tl/",),
    "intrinsics": ("immintrin.h", "cpuid.h", "arm_neon.h"),
    "os": ("sys/", "unistd.h", "fcntl.h", "pthread.h", "dlfcn.h", "poll.h", "csignal", "signal.h"),
}

# What a folder may include; the longest matching prefix decides. Our own paths may end in "*.h":
# the headers of that folder but not of those below it.
ENGINE_PUBLIC = ("engine/*.h", "engine/base/*.h", "engine/tokenizer/*.h", "engine/checkpoint/*.h",
                 "engine/convert/*.h", "engine/plan/*.h")
CLI = ENGINE_PUBLIC + ("completion/*.h", "completion/model_store/*.h", "completion/remote/*.h", "completion/review/*.h", "lsp/*.h", "http/*.h", "editors/cli/")
BASIC = ("fmt", "expected")
LAYERS = {
    "engine/base/": (("engine/base/",), BASIC + ("os", "intrinsics")),
    "engine/base/sha256.cpp": (("engine/base/",), BASIC + ("openssl",)),
    "engine/": (("engine/",), BASIC + ("json",)),
    "engine/tokenizer/": (("engine/",), BASIC + ("json", "pcre2")),
    "engine/quant/": (("engine/",), BASIC + ("intrinsics",)),
    "engine/cpu/": (("engine/",), BASIC + ("intrinsics",)),
    # The choice among the backends.
    "engine/make_backend.cpp": (("engine/", "cuda/cuda_backend.h"), BASIC),
    "engine/gpus.cpp": (("engine/", "cuda/cuda_backend.h", "cuda/nccl_communicator.h"), BASIC),
    "cuda/": (("engine/*.h", "engine/base/*.h", "engine/quant/*.h", "engine/reference/host_weight.h",
               "engine/parallel/communicator.h", "cuda/"), BASIC + ("cuda",)),
    # What kernels are written with has a stand-in for the host.
    "cuda/device.h": (("cuda/", "tests/cuda_emulation/ptx.h"), ("cuda",)),
    "completion/": (ENGINE_PUBLIC + ("completion/",), BASIC + ("json",)),
    "completion/config_file.cpp": (ENGINE_PUBLIC + ("completion/",), BASIC + ("toml",)),
    "completion/syntax/": (ENGINE_PUBLIC + ("completion/",), BASIC + ("tree-sitter",)),
    "completion/remote/": (
        ENGINE_PUBLIC + ("completion/remote/",), BASIC + ("json", "boost", "openssl")),
    "completion/model_store/": (
        ("completion/model_store/", "engine/base/*.h"), BASIC + ("json", "curl", "os")),
    "completion/review/git_": (ENGINE_PUBLIC + ("completion/",), BASIC + ("git2",)),
    "completion/runtime.cpp": (
        ENGINE_PUBLIC + ("completion/*.h", "completion/remote/*.h"), BASIC),
    "lsp/": (("lsp/", "completion/*.h", "completion/remote/consent.h", "completion/review/*.h", "engine/base/*.h"), BASIC + ("json", "boost")),
    "lsp/transport": (("lsp/", "engine/base/*.h"), BASIC + ("json", "boost", "os")),
    "lsp/server": (("lsp/", "completion/*.h", "engine/base/*.h"), BASIC + ("json", "boost", "os")),
    "http/": (ENGINE_PUBLIC + ("http/", "completion/*.h", "completion/chat/*.h", "lsp/event_loop.h", "lsp/listen_at.h"),
              BASIC + ("json", "boost")),
    "editors/cli/": (CLI, BASIC + ("json", "cli11", "os", "zlib")),
    # Says how many answers parse.
    "editors/cli/infill_": (
        CLI + ("completion/syntax/*.h",), BASIC + ("json", "cli11", "zlib")),
    "editors/cli/defect_score.": (CLI + ("completion/syntax/*.h",), BASIC),
    # What the machine can do at most; nobody else needs it.
    "editors/cli/model_options.cpp": (CLI + ("cuda/cuda_backend.h",), BASIC + ("cli11",)),
    "editors/cli/plan.cpp": (CLI + ("cuda/cuda_backend.h",), BASIC + ("json", "cli11")),
    "editors/cli/doctor.cpp": (CLI + ("cuda/cuda_backend.h", "cuda/nccl_communicator.h"), BASIC + ("json", "cli11")),
    "editors/cli/bench.cpp": (CLI + ("engine/cpu/roofs.h", "cuda/cuda_backend.h"), BASIC + ("json", "cli11")),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def library_of(header):
    for name, prefixes in LIBRARIES.items():
        if header.startswith(prefixes):
            return name
    return None


def is_allowed(header, allowed):
    for pattern in allowed:
        if pattern.endswith("*.h"):
            folder = pattern[: -len("*.h")]
            if header.startswith(folder) and "/" not in header[len(folder):]:
                return True
        elif header.startswith(pattern):
            return True
    return False


def check(tree):
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/", "editors/cli/"),
                              (".h", ".cpp", ".cu", ".cuh", ".c")):
        layer = max((l for l in LAYERS if path.startswith(l)), key=len)
        ours, libraries = LAYERS[layer]
        for number, line in tidy.lines(tidy.cpp_code(tree.read(path), keep_strings=True)):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, header = match.groups()
            where = f"{path}:{number}: {layer} must not include {header}"
            if quote == '"':
                if not tree.exists(header):
                    yield f"{path}:{number}: {header} does not start at the repository root"
                elif not is_allowed(header, ours):
                    yield where
                continue
            library = library_of(header)
            if library and library not in libraries:
                yield f"{where} ({library})"
            elif library == "json" and path.endswith(".h") and header != "nlohmann/json_fwd.hpp":
                yield f"{path}:{number}: JSON belongs in .cpp files; headers forward-declare"


SAMPLES = [
    ({"engine/a.h": "#include <nlohmann/json.hpp>\n"}, ["headers forward-declare"]),
    ({"engine/base/a.cpp": '#include "engine/a.h"\n', "engine/a.h": ""}, ["engine/base/ must not"]),
    ({"engine/a.cpp": "#include <tree_sitter/api.h>\n"}, ["(tree-sitter)"]),
    ({"engine/a.cpp": "#include <boost/asio.hpp>\n"}, ["(boost)"]),
    ({"engine/a.cpp": "#include <cuda_runtime.h>\n"}, ["(cuda)"]),
    ({"completion/a.cpp": "#include <curl/curl.h>\n"}, ["(curl)"]),
    ({"completion/review/a.cpp": "#include <git2.h>\n"}, ["(git2)"]),
    ({"engine/a.cpp": "#include <unistd.h>\n"}, ["(os)"]),
    ({"completion/a.cpp": '#include "lsp/server.h"\n', "lsp/server.h": ""}, ["lsp/server.h"]),
    ({"completion/a.cpp": '#include "engine/models/llama.h"\n', "engine/models/llama.h": ""},
     ["engine/models/llama.h"]),
    ({"lsp/a.cpp": '#include "engine/model.h"\n', "engine/model.h": ""}, ["engine/model.h"]),
    ({"lsp/a.cpp": '#include "completion/syntax/tree.h"\n', "completion/syntax/tree.h": ""},
     ["completion/syntax/tree.h"]),
    ({"lsp/a.cpp": '#include "a.h"\n', "lsp/a.h": ""}, ["does not start at the repository root"]),
    ({"lsp/a.cpp": '// #include "engine/model.h"\n#include <nlohmann/json.hpp>\n#include <vector>\n'
                   '#include "completion/assistant.h"\n', "completion/assistant.h": ""}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
