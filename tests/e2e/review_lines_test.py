"""The line of a finding is the right one in every format, whatever the repository is like; and suggestions apply there.

    python3 tests/e2e/review_lines_test.py path/to/fathom

The model quotes one line of the change and names a wrong number. Every format is read back, and its line compared with
the bytes of the file.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.parse
import xml.etree.ElementTree

from review_case import Case, finding, main

BAD, GOOD = b"  return wrong;", b"  return right;"
FUNCTION = b"int f(int a) {\n" + BAD + b"\n}\n"
SEVERITIES = "(?:note|warning|error|notice)"


def places(style: str, text: str) -> list[tuple[str, int]]:
    """(path, line) of each finding."""
    if style == "text":
        return [(m[1], int(m[2])) for m in re.finditer(rf"^(.+?):(\d+): {SEVERITIES}", text, re.M)]
    if style == "markdown":
        return [(m[1], int(m[2])) for m in re.finditer(r"^- \*\*error\*\* .*?`+ ?(.+?):(\d+) ?`+:", text, re.M)]
    if style == "github":
        return [(m[1], int(m[2])) for m in re.finditer(r"^::error file=(.*?),line=(\d+)", text, re.M)]
    if style == "junit":
        root = xml.etree.ElementTree.fromstring(text)
        return [(case.get("name"), int(re.match(r"(?s).*?:(\d+): error", failure.text)[1]))
                for case in root.iter("testcase") for failure in case.iter("failure")]
    if style == "rdjsonl":
        rows = [json.loads(line)["location"] for line in text.splitlines()]
        return [(row["path"], row["range"]["start"]["line"]) for row in rows]
    document = json.loads(text)
    if style == "json":
        return [(urllib.parse.unquote(f["uri"], errors="surrogateescape"), f["lines"]["begin"])
                for f in document["findings"]]
    if style == "sarif":
        found = [r["locations"][0]["physicalLocation"] for r in document["runs"][0]["results"]]
        return [(urllib.parse.unquote(f["artifactLocation"]["uri"], errors="surrogateescape"), f["region"]["startLine"])
                for f in found]
    if style == "github-review":
        return [(c["path"], c.get("start_line", c["line"])) for c in document["comments"]]
    if style == "gitlab":
        return [(i["location"]["path"], i["location"]["lines"]["begin"]) for i in document]
    if style == "gitlab-notes":
        return [(n["position"]["new_path"], n["position"]["new_line"]) for n in document]
    raise ValueError(style)


STYLES = "text json sarif rdjsonl github github-review gitlab gitlab-notes junit markdown".split()
# Those whose paths are exact also where they are no text, and those that leave such files out.
BY_URI, ONLY_TEXT = ("json", "sarif"), ("github-review", "gitlab-notes")


class Lines(Case):
    def check(self, path: str | bytes, *change: str) -> None:
        """The change has BAD once, in that file of the working tree."""
        name = os.fsdecode(path)
        file = self.repository / name
        before = file.read_bytes()
        line = before[:before.index(BAD)].count(b"\n") + 1
        model = ["--model", self.model_that_says(finding(1, BAD.decode(), GOOD.decode()))]
        is_plain = re.fullmatch(r"[\w./ -]+", name, re.ASCII)
        is_text = not any("\udc80" <= c <= "\udcff" for c in name)
        report = self.fathom("review", "--format", "json", *model, *change, status=1).stdout
        for style in STYLES:
            with self.subTest(path=path, style=style):
                text = self.fathom("report", "-", "--format", style, stdin=report).stdout.decode()
                found = places(style, text)
                if style in ONLY_TEXT and not is_text:
                    self.assertEqual(found, [])
                    continue
                self.assertEqual([place[1] for place in found], [line], text)
                if is_plain or style in BY_URI:
                    self.assertEqual(found[0][0], name)
        diff = self.fathom("patch", *model, *change).stdout
        self.git("apply", "-", stdin=diff)
        self.assertEqual(file.read_bytes(), before.replace(BAD, GOOD))
        file.write_bytes(before)

    def change(self, path: str | bytes, before: bytes, after: bytes) -> None:
        file = self.repository / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(before)
        self.commit()
        file.write_bytes(after)

    def test_behind_lines_that_move_it(self) -> None:
        text = b"".join(b"int v%d;\n" % i for i in range(100))
        after = text.replace(b"int v7;\n", b"").replace(b"int v50;\n", b"int w;\nint x;\nint v50;\n")
        self.change("src/a b.c", text, after.replace(b"int v90;\n", FUNCTION))
        self.check("src/a b.c")
        model = ["--model", self.model_that_says(finding(1, BAD.decode(), GOOD.decode()))]
        report = self.fathom("review", "--format", "json", *model, status=1).stdout
        for style in STYLES:
            if style != "text":  # which shows the source, where it is at hand
                self.assertEqual(self.fathom("review", "--format", style, *model, status=1).stdout,
                                 self.fathom("report", "-", "--format", style, stdin=report).stdout)

    def test_of_any_line_ends_and_bytes(self) -> None:
        self.change("crlf.c", b"int a;\r\n", b"int a;\r\n" + FUNCTION.replace(b"\n", b"\r\n"))
        self.check("crlf.c")
        self.change("open.py", b"def f(a):\n", b"def f(a):\n  if a:\n" + BAD)
        self.check("open.py")
        self.change("latin.c", b"", b"// gr\xfc\xdfe\n// \xe4\n" + FUNCTION)
        self.check("latin.c")
        # What other programs take for ends of lines.
        self.change("odd.c", b"", "// a\u2028b\x0bc\x0cd\x85e\rf\n".encode() + FUNCTION)
        self.check("odd.c")

    def test_in_files_of_any_name(self) -> None:
        for name in (b"na\xefve.c", "\u00fcber/\u4e2d.c".encode(), b"x\ny.c", b'q"<&>`.c', b"a,b:c%.c"):
            self.change(name, b"int a;\n", b"int a;\nint b;\n" + FUNCTION)
            self.check(name)
            self.commit()

    def test_of_renamed_files_merges_and_detached_heads(self) -> None:
        text = b"".join(b"int v%d;\n" % i for i in range(40))
        self.change("old.c", text, text)
        self.git("mv", "old.c", "new.c")
        self.write("new.c", text + FUNCTION)
        self.check("new.c")
        self.git("checkout", "-q", "-b", "topic")
        self.commit()
        self.git("checkout", "-q", "main")
        self.write("other.c", "int other;\n")
        self.git("add", "other.c")
        self.git("commit", "-q", "-m", "other")
        self.git("merge", "-q", "--no-edit", "topic")
        self.check("new.c", "HEAD")
        self.check("new.c", "HEAD~1..HEAD")
        self.git("checkout", "-q", "--detach")
        self.check("new.c", "--base", "HEAD^1")
        self.git("reset", "-q", "--soft", "HEAD^1")
        self.check("new.c", "--staged")

    def test_in_a_shallow_clone(self) -> None:
        self.change("a.c", b"int a;\n", b"int a;\nint b;\n")
        self.commit()
        clone = self.folder / "clone"
        self.git("clone", "-q", "--depth", "1", f"file://{self.repository}", str(clone))
        shutil.rmtree(self.repository)
        clone.rename(self.repository)
        self.write("a.c", b"int a;\nint b;\n" + FUNCTION)
        self.check("a.c")

    def test_in_a_diff_of_ten_thousand_lines(self) -> None:
        lines = [b"int variable_%d = %d;\n" % (i, i) for i in range(10000)]
        lines[9000:9000] = [FUNCTION]
        self.change("long.c", b"int a;\n", b"".join(lines))
        report = self.report("--model", self.model_that_says(finding(1, BAD.decode(), GOOD.decode())), status=1)
        self.assertEqual([f["lines"]["begin"] for f in report["findings"]], [9002])
        self.assertTrue(report["complete"])


if __name__ == "__main__":
    main()
