"""`fathom eval review` on the planted defects: the set is what it says, and the figures are right.

    eval_review_test.py FATHOM
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import make_defects

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import scripted_model

FATHOM = ""
CHANGES = make_defects.changes(8)
REJECTED = "no_anchor not_added malformed duplicate low_confidence over_limit suppressed suggestions".split()


def report(findings):
    return {"format": "fathom-review", "format_version": 1, "fathom_version": "0", "model": "scripted", "complete": True,
            "findings": findings, "unreviewed": [], "rejected": dict.fromkeys(REJECTED, 0), "hunks": 1,
            "prompt_tokens": 0, "output_tokens": 0, "files": []}


def finding(change, line, replacement=None):
    result = {"path": change["path"], "uri": change["path"], "lines": {"begin": line, "end": line},
              "severity": "warning", "category": "bug", "confidence": 0.9, "message": "m", "quote": "",
              "fingerprint": "0" * 16}
    if replacement is not None:
        result["suggestion"] = {"lines": {"begin": line, "end": line}, "replacement": replacement, "parses": True,
                                "checked": False}
    return result


class Defects(unittest.TestCase):
    def test_twelve_kinds_in_ten_languages_and_as_many_clean_changes(self):
        count = collections.Counter((c["kind"], c["language"], bool(c["defects"])) for c in CHANGES)
        self.assertEqual(len(CHANGES), 240)
        self.assertEqual(len({kind for kind, _, _ in count}), 12)
        self.assertEqual(len({language for _, language, _ in count}), 10)
        self.assertEqual(set(count.values()), {1})
        self.assertEqual(len({c["path"] for c in CHANGES}), 240)

    def test_a_defect_is_on_an_added_line(self):
        for change in CHANGES:
            lines = change["text"].split("\n")
            added = {line[1:] for line in change["diff"].split("\n") if line.startswith("+") and line[1:2] != "+"}
            for defect in change["defects"]:
                self.assertIn(lines[defect["begin"] - 1], added, change["id"])
                self.assertTrue(lines[defect["begin"] - 1].strip(), change["id"])

    def test_the_diff_leads_to_the_text(self):
        for change in CHANGES[::7]:
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(["git", "init", "-q", folder], check=True)
                path = pathlib.Path(folder, change["path"])
                path.parent.mkdir()
                path.write_text(change["text"], "utf-8")
                subprocess.run(["git", "-C", folder, "apply", "-R", "-"], input=change["diff"].encode(), check=True)
                self.assertNotEqual(path.read_text("utf-8"), change["text"])

    def test_the_same_seed_makes_the_same_set(self):
        self.assertEqual(make_defects.changes(8), CHANGES)
        self.assertNotEqual(make_defects.changes(9), CHANGES)


class Figures(unittest.TestCase):
    def evaluate(self, findings_of):
        with tempfile.TemporaryDirectory() as folder:
            data, reviews = pathlib.Path(folder, "data.jsonl"), pathlib.Path(folder, "reviews.jsonl")
            data.write_text("".join(json.dumps(c) + "\n" for c in CHANGES), "utf-8")
            reviews.write_text("".join(json.dumps({"id": c["id"], "report": report(findings_of(c))}) + "\n"
                                       for c in CHANGES), "utf-8")
            run = subprocess.run([FATHOM, "eval", "review", data, "--reviews", reviews, "--json"], capture_output=True,
                                 check=False)
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            return json.loads(run.stdout)

    def test_of_a_reviewer_that_knows_everything(self):
        figures = self.evaluate(lambda c: [finding(c, d["begin"]) for d in c["defects"]])
        self.assertEqual((figures["precision"], figures["recall"], figures["clean_accused"]), (100, 100, 0))
        self.assertEqual((figures["tasks"], figures["defects"], figures["findings"]), (240, 120, 120))
        self.assertIsNone(figures["applicable"])
        self.assertEqual({f["recall"] for f in figures["kinds"].values()}, {100})
        self.assertEqual({f["defects"] for f in figures["languages"].values()}, {12})

    def test_of_a_reviewer_that_says_nothing(self):
        figures = self.evaluate(lambda c: [])
        self.assertIsNone(figures["precision"])
        self.assertEqual((figures["recall"], figures["clean_accused"], figures["findings"]), (0, 0, 0))

    def test_of_a_reviewer_of_one_language_who_also_cries_wolf(self):
        def findings_of(change):
            if change["language"] != "python":
                return []
            return [finding(change, d["begin"]) for d in change["defects"]] + [finding(change, 1)]

        figures = self.evaluate(findings_of)  # 12 right, 24 wrong
        self.assertAlmostEqual(figures["precision"], 100 * 12 / 36)
        self.assertAlmostEqual(figures["recall"], 100 * 12 / 120)
        self.assertAlmostEqual(figures["clean_accused"], 100 * 12 / 120)
        self.assertEqual(figures["languages"]["python"]["recall"], 100)
        self.assertEqual(figures["languages"]["rust"]["recall"], 0)

    def test_of_each_limit_of_confidence(self):
        def findings_of(change):
            right = [{**finding(change, d["begin"]), "confidence": 0.75} for d in change["defects"]]
            return right + [{**finding(change, 1), "confidence": 0.65}]

        figures = self.evaluate(findings_of)
        self.assertEqual(list(figures["confidence"]), ["60", "70", "80", "90"])
        self.assertAlmostEqual(figures["confidence"]["60"]["precision"], 100 / 3)
        self.assertEqual(figures["confidence"]["70"]["precision"], 100)
        self.assertEqual(figures["confidence"]["70"]["recall"], 100)
        self.assertEqual(figures["confidence"]["80"]["recall"], 0)

    def test_of_suggestions(self):
        def findings_of(change):
            if change["language"] != "c" or not change["defects"]:
                return []
            line = change["defects"][0]["begin"]
            same = change["text"].split("\n")[line - 1] + "\n"
            broken = same.replace("\n", " )\n")
            return [finding(change, line, same), finding(change, line, broken), finding(change, 1, "// moved\n")]

        figures = self.evaluate(findings_of)
        self.assertEqual(figures["suggestions"], 36)
        self.assertAlmostEqual(figures["applicable"], 100 / 3)


class Model(unittest.TestCase):
    def test_every_suggestion_of_a_model_is_applicable(self):
        """It says the same of each change: what fits nowhere, what fits and is right, what would break the code."""
        said = [{"line": 1, "quote": "        return 0;", "message": "m", "category": category, "severity": "error",
                 "replacement": replacement}
                for category, replacement in (("bug", "        return (0;"), ("security", "        return 1;"))]
        with tempfile.TemporaryDirectory() as folder:
            model, data = pathlib.Path(folder, "model.gguf"), pathlib.Path(folder, "data.jsonl")
            scripted_model.write_model(model, json.dumps({"findings": said}, separators=(",", ":")))
            data.write_text("".join(json.dumps(c) + "\n" for c in CHANGES), "utf-8")
            run = subprocess.run([FATHOM, "eval", "review", data, "--model", model, "--json"], capture_output=True,
                                 check=False)
            self.assertEqual(run.returncode, 0, run.stderr.decode())
            figures = json.loads(run.stdout)
        self.assertEqual((figures["tasks"], figures["unreviewed"]), (240, 0))
        self.assertGreater(figures["suggestions"], 10)
        self.assertEqual(figures["applicable"], 100)
        self.assertLess(figures["suggestions"], figures["findings"])


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
