"""The entries of editors/ci as CI systems call them: inputs, exit codes, and what they are made of."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CI = ROOT / "editors/ci"
HEAD = "0123456789abcdef0123456789abcdef01234567"


class Entry(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="fathom-action-")
        self.addCleanup(shutil.rmtree, folder)
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "log"
        self.log.touch()

    def program(self, name, status):
        """One that writes down how it was called and ends with `status`."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.log}"\nexit {status}\n', "utf-8")
        path.chmod(0o755)
        return str(path)

    def run_entry(self, script, *arguments, **environment):
        base = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run([CI / script, *arguments], env={**base, **environment}, cwd=self.folder,
                              capture_output=True, text=True, check=False)

    def calls(self):
        return self.log.read_text("utf-8").splitlines()


class PreCommit(Entry):
    def test_reviews_what_is_staged(self):
        run = self.run_entry("pre_commit.sh", "--max-findings", "2", FATHOM=self.program("fathom", 0))
        self.assertEqual(run.returncode, 0)
        self.assertEqual(self.calls(), ["fathom review --fail-on error --max-seconds 30 --staged --max-findings 2"])

    def test_reviews_what_is_pushed(self):
        self.run_entry("pre_commit.sh", FATHOM=self.program("fathom", 0), PRE_COMMIT_FROM_REF="a", PRE_COMMIT_TO_REF="b")
        self.assertIn(" a..b", self.calls()[0])

    def test_findings_stop_the_commit(self):
        self.assertEqual(self.run_entry("pre_commit.sh", FATHOM=self.program("fathom", 1)).returncode, 1)

    def test_what_is_missing_or_incomplete_holds_up_nobody_unless_strict(self):
        for program, status in (("/no/such/fathom", 3), (self.program("fathom", 3), 3), (self.program("f2", 2), 2)):
            run = self.run_entry("pre_commit.sh", FATHOM=program)
            self.assertEqual(run.returncode, 0)
            self.assertIn("fathom review: ", run.stderr)
            self.assertEqual(self.run_entry("pre_commit.sh", "--strict", FATHOM=program).returncode, status)


class GitHubAction(Entry):
    def inputs(self, **changed):
        return {"INPUT_BASE": "main", "INPUT_FATHOM": self.program("fathom", 0), "INPUT_FAIL_ON": "error",
                "INPUT_MAX_FINDINGS": "8", "INPUT_MAX_SECONDS": "600", "INPUT_OUT": "out", "INPUT_MODEL": "", "INPUT_ANNOTATIONS": "true", **changed}

    def test_inputs_are_checked_because_the_runner_does_not(self):
        for name, value in (("INPUT_BASE", ""), ("INPUT_FAIL_ON", "fatal"), ("INPUT_MAX_FINDINGS", "0"),
                            ("INPUT_MAX_SECONDS", "1; id"), ("INPUT_OUT", "../x"), ("INPUT_OUT", "/x"),
                            ("INPUT_OUT", "$(id)"), ("INPUT_ANNOTATIONS", "")):
            run = self.run_entry("action.sh", **self.inputs(**{name: value}))
            self.assertEqual(run.returncode, 2, (name, value))
            self.assertTrue(run.stdout.startswith("::error title=fathom::"), run.stdout)
        self.assertEqual(self.calls(), [])

    def test_a_base_that_is_an_option_is_refused(self):
        run = self.run_entry("action.sh", **self.inputs(INPUT_BASE="--upload-pack=id"))
        self.assertEqual(run.returncode, 2)

    def test_the_posting_action_checks_its_inputs(self):
        report = self.folder / "report.json"
        report.write_text("{}", "utf-8")
        good = {"INPUT_REPORT": str(report), "INPUT_NUMBER": "7", "INPUT_HEAD": HEAD, "FATHOM_TOKEN": "t",
                "GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_REPOSITORY": "o/n"}
        for name, value in (("INPUT_REPORT", "none"), ("INPUT_NUMBER", "7/files"), ("INPUT_HEAD", "main"),
                            ("INPUT_REPORTER", "mail")):
            run = self.run_entry("post/post.sh", **{**good, name: value})
            self.assertEqual(run.returncode, 2, (name, value))

    def test_reviewdog_posts_where_it_is_but_never_what_a_fork_reported(self):
        report = self.folder / "report.json"
        report.write_text("{}", "utf-8")
        self.program("reviewdog", 0)
        environment = {"INPUT_REPORT": str(report), "INPUT_NUMBER": "7", "INPUT_HEAD": HEAD, "FATHOM_TOKEN": "t",
                       "GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_REPOSITORY": "o/n",
                       "FATHOM": self.program("fathom", 0), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        self.assertEqual(self.run_entry("post/post.sh", **environment, INPUT_IS_FORK="false").returncode, 0)
        self.assertIn("reviewdog -f=rdjsonl -name=fathom -reporter=github-pr-review", self.calls()[1])
        self.log.write_text("", "utf-8")
        self.run_entry("post/post.sh", **environment)
        self.assertFalse([c for c in self.calls() if c.startswith("reviewdog")])


class Files(unittest.TestCase):
    ACTIONS = [CI / "action.yml", CI / "post/action.yml"]

    def test_actions_use_only_inputs_that_they_declare_and_all_of_them(self):
        for path in self.ACTIONS:
            text = path.read_text("utf-8")
            declared = text[text.index("\ninputs:"):text.index("\nruns:")].split("\noutputs:")[0]
            self.assertEqual(set(re.findall(r"^  ([a-z-]+):$", declared, re.MULTILINE)),
                             set(re.findall(r"\binputs\.([a-z-]+)", text)), path)

    def test_what_others_wrote_is_pinned_by_commit(self):
        for path in [*self.ACTIONS, ROOT / "docs/ci.md"]:
            for used in re.findall(r"uses: (\S+)", path.read_text("utf-8")):
                self.assertRegex(used, r"@[0-9a-f]{40}$|^OWNER/fathom/[\w/]+@COMMIT$")

    def test_no_input_is_text_of_a_script(self):
        for path in self.ACTIONS:
            for line in path.read_text("utf-8").splitlines():
                if line.strip().startswith("run:"):
                    self.assertNotIn("${{", line)

    def test_scripts_are_fit_to_run(self):
        for script in [*CI.glob("*.sh"), *CI.glob("post/*.sh"), CI / "post.py"]:
            self.assertTrue(os.access(script, os.X_OK), script)
            if script.suffix == ".sh":
                subprocess.run(["bash", "-n", script], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", *CI.glob("*.sh"), *CI.glob("post/*.sh")], check=True)

    def test_the_hook_is_there(self):
        entry = re.search(r"entry: (\S+)", (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))[1]
        self.assertTrue((ROOT / entry).exists())


if __name__ == "__main__":
    unittest.main()
