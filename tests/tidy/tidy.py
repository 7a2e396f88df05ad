"""What the rules of this folder share: the tree of files, C++ without comments, the runner.

A rule is a script with a function check(tree) that yields one finding a line, and samples: small
trees with the findings they must give. Each run checks the samples first, so that a rule which
has stopped finding anything fails.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


class Tree:
    """The project's files by path from the root, '/' between parts."""

    def __init__(self, files=None):
        """`files`: a dict of path -> text for a sample; None for the tracked files on disk."""
        self.files = files
        self.paths = sorted(files) if files is not None else tracked_files()

    def read(self, path):
        return self.read_bytes(path).decode("utf-8", errors="replace")

    def read_bytes(self, path):
        if self.files is not None:
            return self.files[path].encode("utf-8")
        with open(os.path.join(ROOT, path), "rb") as file:
            return file.read()

    def size(self, path):
        if self.files is not None:
            return len(self.read_bytes(path))
        return os.path.getsize(os.path.join(ROOT, path))

    def exists(self, path):
        """Whether `path` is a file of the tree or a folder with files in it."""
        path = path.rstrip("/")
        return path in self.paths or any(p.startswith(path + "/") for p in self.paths)

    def matching(self, folders, extensions):
        """Paths in one of the folders ("engine/") that end in one of the extensions (".cpp")."""
        return [p for p in self.paths if p.startswith(tuple(folders)) and p.endswith(tuple(extensions))]


def tracked_files():
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode == 0:
        found = [p for p in listing.stdout.decode().split("\0") if p]
    else:  # an unpacked archive
        found = []
        for folder, names, files in os.walk(ROOT):
            names[:] = [n for n in names if n not in (".git", "build", "node_modules")]
            found += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return sorted(p for p in found if os.path.isfile(os.path.join(ROOT, p)))


CPP_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)


def cpp_code(text, keep_strings=False):
    """C++ with its comments, and its literals unless kept, blanked out; lines stay where they are."""

    def blank(match):
        token = match.group(0)
        if keep_strings and not token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)

    # A digit separator (1'000) is no quote.
    return CPP_TOKEN.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "_", text))


def lines(text):
    return enumerate(text.split("\n"), start=1)


def run(check, samples):
    """`samples`: (files, needles) pairs; each needle must be in exactly one finding, in order."""
    for files, needles in samples:
        findings = list(check(Tree(files)))
        good = len(findings) == len(needles) and all(n in f for n, f in zip(needles, findings))
        if not good:
            print(f"self-test: files {sorted(files)} gave {findings}, expected {needles}")
            sys.exit(1)
    findings = list(check(Tree()))
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)
