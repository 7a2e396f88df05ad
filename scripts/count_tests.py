#!/usr/bin/env python3
"""Counts what a test run did, test by test.

    scripts/count_tests.py RESULTS...

Each of RESULTS is a folder of one run:
  ctest.json   `ctest --show-only=json-v1`: which program an entry runs
  ctest.xml    `ctest --output-junit`: how each entry ended
  gtest/*.xml  what each GoogleTest program wrote (GTEST_OUTPUT); its cases count one by one
or, without these, NAME.exit_code of programs that ran once each.

Prints the skipped tests with their reasons, the failed ones, and one line of totals at the end.
Exit code 1 if a test failed or none ran.
"""

import glob
import json
import os
import sys
import xml.etree.ElementTree as ET


class Totals:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []  # "name: reason"

    def add(self, name, outcome, reason):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "failed":
            self.failed.append(name)
        else:
            self.skipped.append(f"{name}: {reason}")


def gtest_cases(path):
    """(name, outcome, reason) of every case of a GoogleTest report."""
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            yield name, "failed", ""
        elif skipped is not None:
            # The first line of the message is the place in the source.
            place, _, reason = skipped.get("message", "").partition("\n")
            yield name, "skipped", " ".join(reason.split()) or place
        elif case.get("status") == "notrun":
            yield name, "skipped", "disabled"
        else:
            yield name, "passed", ""


def ctest_outcome(entry):
    """(outcome, reason) of an entry of CTest's report."""
    skipped = entry.find("skipped")
    if entry.get("status") == "run":
        return "passed", ""
    # CTest calls a program that is not there skipped, too.
    if skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        return "skipped", (entry.findtext("system-out") or "").strip().split("\n")[-1]
    if entry.get("status") == "disabled":
        return "skipped", "disabled"
    return "failed", ""


def add_ctest_run(folder, totals):
    run = os.path.basename(folder)
    with open(f"{folder}/ctest.json", encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    programs = {t["name"]: os.path.basename(t.get("command", ["?"])[0]) for t in tests}
    for entry in ET.parse(f"{folder}/ctest.xml").getroot().iter("testcase"):
        name = entry.get("name")
        outcome, reason = ctest_outcome(entry)
        report = f"{folder}/gtest/{programs.get(name, '?')}.xml"
        if not os.path.exists(report):
            totals.add(f"{run}: {name}", outcome, reason)
            continue
        failed_before = len(totals.failed)
        for case, case_outcome, case_reason in gtest_cases(report):
            totals.add(f"{run}: {name}: {case}", case_outcome, case_reason)
        if outcome == "failed" and len(totals.failed) == failed_before:
            totals.add(f"{run}: {name} (crashed or timed out)", "failed", "")


def add_programs(folder, totals):
    for path in sorted(glob.glob(f"{folder}/*.exit_code")):
        name = os.path.basename(path).removesuffix(".exit_code")
        with open(path, encoding="utf-8") as file:
            outcome = "passed" if file.read().strip() == "0" else "failed"
        totals.add(f"{os.path.basename(folder)}: {name}", outcome, "")


def main():
    totals = Totals()
    for folder in sys.argv[1:]:
        if not os.path.exists(f"{folder}/ctest.json"):
            add_programs(folder, totals)
        elif os.path.exists(f"{folder}/ctest.xml"):
            add_ctest_run(folder, totals)
        else:
            totals.add(f"{os.path.basename(folder)}: ctest did not finish", "failed", "")

    for skipped in totals.skipped:
        print(f"skipped: {skipped}")
    for failed in totals.failed:
        print(f"FAILED: {failed}")
    counts = f"{totals.passed} passed, {len(totals.failed)} failed, {len(totals.skipped)} skipped"
    print(f"tests: {counts}")
    sys.exit(1 if totals.failed or not totals.passed else 0)


if __name__ == "__main__":
    main()
