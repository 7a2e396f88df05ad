"""`fathom review` without a model: `== None` on an added line of Python is the one thing it finds.

SCRIPTED_LOG gets a line for each review.
"""

import hashlib
import json
import os
import sys

from loopback import diffs, git, sides


def ranges(numbers):
    return [{"begin": n, "end": n} for n in numbers]


def review(base):
    findings, files = [], []
    for path, text in diffs(".", base, "HEAD"):
        source = git(".", "show", f"HEAD:{path}").split("\n")
        hunks, seen = [], {}
        for rows in sides(text):
            old, new = [o for o, _ in rows if o], [n for _, n in rows if n]
            added = [n for o, n in rows if n and not o]
            hunks.append({"old_begin": min(old, default=0), "old_count": len(old), "new_begin": min(new, default=0),
                          "new_count": len(new), "added": ranges(added)})
            for n in added:
                line = source[n - 1]
                if "== None" not in line:
                    continue
                seen[line] = seen.get(line, 0) + 1
                mark = hashlib.sha256(f"{path}\0{line.strip()}\0{seen[line]}".encode()).hexdigest()[:16]
                findings.append({
                    "path": path, "uri": path, "lines": {"begin": n, "end": n}, "severity": "warning",
                    "category": "bug", "confidence": 0.9, "message": "None has one identity: compare with `is`",
                    "quote": line, "fingerprint": mark,
                    "suggestion": {"lines": {"begin": n, "end": n}, "parses": True, "checked": False,
                                   "replacement": line.replace("== None", "is None") + "\n"}})
        files.append({"old_uri": path, "new_uri": path, "status": "modified", "binary": False, "hunks": hunks})
    rejected = "no_anchor not_added malformed duplicate low_confidence over_limit suppressed suggestions".split()
    print(json.dumps({"format": "fathom-review", "format_version": 1, "fathom_version": "0", "model": "scripted",
                      "complete": True, "findings": findings, "unreviewed": [], "rejected": dict.fromkeys(rejected, 0),
                      "hunks": sum(len(f["hunks"]) for f in files), "prompt_tokens": 0, "output_tokens": 0,
                      "files": files}))
    return 1 if findings else 0


if __name__ == "__main__":
    if "FATHOM_TOKEN" in os.environ:
        sys.exit("a reviewer is given no token")
    with open(os.environ["SCRIPTED_LOG"], "a", encoding="utf-8") as log:
        log.write(" ".join(sys.argv[1:]) + "\n")
    sys.exit(review(sys.argv[sys.argv.index("--base") + 1]))
