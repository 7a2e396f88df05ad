"""Links in Markdown lead somewhere: files, headings, and paths in `backticks`."""

import fnmatch
import posixpath
import re

import tidy

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TICKS = re.compile(r"`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.*-]+)+/?)`")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


def anchors(text):
    """Headings as GitHub names them in addresses."""
    for line in FENCE.sub("", text).split("\n"):
        if line.startswith("#"):
            title = re.sub(r"[`*\[\]]", "", line.lstrip("#").strip().lower())
            yield re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


def without_fences(text):
    return FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def check(tree):
    top = {p.split("/")[0] for p in tree.paths if "/" in p}
    for path in tree.matching(("",), (".md",)):
        if path.startswith("tests/data/"):
            continue
        for number, line in tidy.lines(without_fences(tree.read(path))):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                full = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
                if not tree.exists(full):
                    yield f"{path}:{number}: {target} does not exist"
                elif anchor and full.endswith(".md") and anchor not in anchors(tree.read(full)):
                    yield f"{path}:{number}: {full} has no heading #{anchor}"
            for name in TICKS.findall(line):
                # Only paths of this project: their first part is one of its folders.
                if name.split("/")[0] in top and not any(
                        fnmatch.fnmatch(p, name) or p.startswith(name.rstrip("/") + "/")
                        or posixpath.splitext(p)[0] == name for p in tree.paths):
                    yield f"{path}:{number}: {name} does not exist"


SAMPLES = [
    ({"README.md": "see [a](docs/a.md)\n"}, ["docs/a.md does not exist"]),
    ({"README.md": "see [a](docs/a.md#two)\n", "docs/a.md": "# One\n"}, ["no heading #two"]),
    ({"README.md": "see `docs/b.md`\n", "docs/a.md": ""}, ["docs/b.md does not exist"]),
    ({"README.md": "[a](docs/a.md#one-and-two), `docs/*.md`, `docs/a`, `n/a`, [w](https://x.y)\n"
                   "```\n`docs/no.md`\n```\n",
      "docs/a.md": "# One and `two`!\n[up](../README.md)\n"}, []),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
