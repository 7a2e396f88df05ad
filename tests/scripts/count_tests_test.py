"""scripts/count_tests.py: what fails is never counted as passed or skipped."""

import os
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "count_tests.py")

CTEST_JSON = '{"tests": [{"name": "a_test", "command": ["/build/a_test"]}, {"name": "b.sh"}]}'
GTEST_XML = """<testsuites><testsuite name="A">
  <testcase name="Passes" status="run" result="completed" classname="A"/>
  %s
</testsuite></testsuites>"""
SKIPPED = ('<testcase name="Skips" status="run" result="skipped" classname="A">'
           '<skipped message="a.cpp:3&#x0A;no such file&#x0A;"/></testcase>')
FAILED = '<testcase name="Fails" status="run" classname="A"><failure message="x"/></testcase>'


def entry(name, status="run", inside=""):
    return f'<testcase name="{name}" status="{status}">{inside}</testcase>'


def count(ctest_entries=(), gtest_case="", exit_codes=None):
    """The script's exit code and output for one run."""
    with tempfile.TemporaryDirectory() as folder:
        def write(path, text):
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            with open(f"{folder}/{path}", "w", encoding="utf-8") as file:
                file.write(text)

        if exit_codes is None:
            write("ctest.json", CTEST_JSON)
            if ctest_entries is not None:
                write("ctest.xml", f"<testsuite>{''.join(ctest_entries)}</testsuite>")
            if gtest_case is not None:
                write("gtest/a_test.xml", GTEST_XML % gtest_case)
        for name, code in (exit_codes or {}).items():
            write(f"{name}.exit_code", f"{code}\n")
        run = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, check=False)
        return run.returncode, run.stdout.decode()


class CountTests(unittest.TestCase):
    def check(self, result, code, totals, text=""):
        self.assertEqual(result[0], code, result[1])
        self.assertEqual(result[1].strip().split("\n")[-1], f"tests: {totals}")
        self.assertIn(text, result[1])

    def test_cases_of_programs_and_scripts_count_one_by_one(self):
        self.check(count([entry("a_test"), entry("b.sh")]), 0, "2 passed, 0 failed, 0 skipped")

    def test_a_skipped_case_is_listed_with_its_reason(self):
        self.check(count([entry("a_test")], SKIPPED), 0, "1 passed, 0 failed, 1 skipped",
                   "A.Skips: no such file")

    def test_a_script_that_skips_says_why_in_its_last_line(self):
        skip = '<skipped message="SKIP_RETURN_CODE=77"/><system-out>x\nno editor here\n</system-out>'
        self.check(count([entry("a_test"), entry("b.sh", "notrun", skip)]), 0,
                   "1 passed, 0 failed, 1 skipped", "b.sh: no editor here")

    def test_a_failed_case_fails_the_run(self):
        self.check(count([entry("a_test", "fail")], FAILED), 1, "1 passed, 1 failed, 0 skipped")

    def test_a_program_that_crashed_after_its_report_fails_the_run(self):
        self.check(count([entry("a_test", "fail")]), 1, "1 passed, 1 failed, 0 skipped")

    def test_a_program_that_crashed_before_its_report_fails_the_run(self):
        self.check(count([entry("a_test", "fail"), entry("b.sh")], None), 1,
                   "1 passed, 1 failed, 0 skipped")

    def test_a_program_that_was_not_built_fails_the_run(self):
        missing = '<skipped message="Unable to find executable"/>'
        self.check(count([entry("b.sh"), entry("a_test", "notrun", missing)], None), 1,
                   "1 passed, 1 failed, 0 skipped")

    def test_a_run_that_did_not_finish_is_a_failure(self):
        self.check(count(None), 1, "0 passed, 1 failed, 0 skipped", "ctest did not finish")

    def test_running_nothing_is_a_failure(self):
        self.check(count([]), 1, "0 passed, 0 failed, 0 skipped")

    def test_programs_count_by_exit_code(self):
        self.check(count(exit_codes={"fuzz_a": 0, "fuzz_b": 77}), 1, "1 passed, 1 failed, 0 skipped",
                   "fuzz_b")


if __name__ == "__main__":
    unittest.main()
