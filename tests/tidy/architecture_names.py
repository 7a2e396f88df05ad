"""An architecture is named in the registry and in its own file, nowhere else.

So adding one is one file and one row, and no other code can branch on it.
"""

import re

import tidy

REGISTRY = "engine/models/registry.cpp"
LITERAL = re.compile(r'"([A-Za-z0-9_-]+)"')
# Tables of pre-tokenizers by name: GGUF names some of them after the model they came with. What
# the files of an architecture look like is knowledge of file formats: it changes nothing that is
# computed.
NOT_ARCHITECTURES = ("engine/tokenizer/", "engine/convert/")


def check(tree):
    if REGISTRY not in tree.paths:
        yield f"{REGISTRY} is missing"
        return
    names = set(LITERAL.findall(tidy.cpp_code(tree.read(REGISTRY), keep_strings=True)))
    owners = {}
    for path in tree.matching(("engine/", "cuda/", "completion/", "lsp/", "http/", "editors/"),
                              (".h", ".cpp", ".cu", ".cuh")):
        if path == REGISTRY or path.startswith(NOT_ARCHITECTURES):
            continue
        for number, line in tidy.lines(tidy.cpp_code(tree.read(path), keep_strings=True)):
            for name in names & set(LITERAL.findall(line)):
                where = f"{path}:{number}: \"{name}\""
                if not path.startswith("engine/models/"):
                    yield f"{where} names an architecture outside engine/models/"
                elif owners.setdefault(name, path) != path:
                    yield f"{where} is named in {owners[name]} too"


SAMPLES = [
    ({REGISTRY: '{"deepseek2", load},', "engine/kv.cpp": 'if (arch == "deepseek2") {}'},
     ["outside engine/models/"]),
    ({REGISTRY: '{"llama", load},', "engine/models/llama.cpp": '"llama"',
      "engine/models/qwen2.cpp": 'x == "llama"'}, ["is named in"]),
    ({REGISTRY: '{"llama", load},', "engine/models/llama.cpp": '"llama"',
      "engine/a.cpp": '// "llama"\n"llama.cpp"', "engine/tokenizer/pre.cpp": '"llama"'}, []),
    ({}, ["is missing"]),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
