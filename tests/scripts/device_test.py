"""scripts/device.sh run: with stand-ins for the card and the programs, what it reports and returns."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")

NVIDIA_SMI = """#!/bin/sh
case "$1" in
  -L) echo "GPU 0: a card" ;;
  *) printf 'name, driver_version\\na card, 580.1\\n' ;;
esac
"""

DEVICE_TEST = """#!/bin/sh
echo '{"tests": 7, "failures": 0, "testsuites": [{"testsuite": [{"name": "A", "result": "SKIPPED"}]}]}' \
  >"${GTEST_OUTPUT#json:}"
exit ${TEST_STATUS:-0}
"""

FATHOM = """#!/bin/sh
case "$1" in
  synth) for last; do :; done; echo model >"$last" ;;
  bench)
    [ "${BENCH_STATUS:-0}" -eq 0 ] || exit "$BENCH_STATUS"
    echo '{"decode_tokens_per_s": 1400, "bandwidth_fraction": 0.4, "bandwidth_bytes_per_s": 4.5e12,' \
      '"prefill_tokens_per_s": 50000, "ms_first_token_new": 6, "ms_load": 900}' ;;
esac
"""


def run(has_card=True, **environment):
    """Exit code, output and the report (None: there is none)."""
    with tempfile.TemporaryDirectory() as folder:
        def program(path, text):
            path = os.path.join(folder, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755)
            return path

        for name in ("common.sh", "device.sh"):
            os.makedirs(f"{folder}/scripts", exist_ok=True)
            shutil.copy(f"{ROOT}/scripts/{name}", f"{folder}/scripts/{name}")
        programs = [program(f"packed/{name}", text)
                    for name, text in (("fathom", FATHOM), ("device_test", DEVICE_TEST))]
        os.makedirs(f"{folder}/build/device")
        with tarfile.open(f"{folder}/build/device/packed.tar.xz", "w:xz") as archive:
            for path in programs:
                archive.add(path, os.path.basename(path))
        if has_card:
            program("bin/nvidia-smi", NVIDIA_SMI)
        else:
            program("bin/nvidia-smi", "#!/bin/sh\nexit 9\n")
        report = f"{folder}/report.json"
        done = subprocess.run([f"{folder}/scripts/device.sh", "run", report], capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", **environment})
        content = None
        if os.path.exists(report):
            with open(report, encoding="utf-8") as file:
                content = json.load(file)
        return done.returncode, done.stdout + done.stderr, content


class Device(unittest.TestCase):
    def test_reports_card_tests_and_figures(self):
        code, output, report = run()
        self.assertEqual(code, 0, output)
        self.assertEqual(report["card"], [{"name": "a card", "driver_version": "580.1"}])
        self.assertEqual(report["tests"],
                         [{"name": "all", "tests": 7, "failures": 0, "skipped": 1, "status": 0}])
        self.assertEqual(len(report["bench"]), 7)
        self.assertEqual(report["bench"]["v2-lite-q4_k"]["decode_tokens_per_s"], 1400)
        self.assertIn("tests: 7 on the device, 1 skipped, failed in: none", output)
        self.assertIn("1400.0 tokens/s (40 % of 4.50 TB/s)", output)

    def test_fails_with_a_test_that_fails_and_keeps_the_figures(self):
        code, output, report = run(TEST_STATUS="1")
        self.assertEqual(code, 1)
        self.assertIn("failed in: all", output)
        self.assertEqual(len(report["bench"]), 7)

    def test_fails_without_figures(self):
        code, output, report = run(BENCH_STATUS="3")
        self.assertEqual(code, 1)
        self.assertIn("v2-lite:q4_k: failed", output)
        self.assertEqual(report["bench"], {})

    def test_says_that_there_is_no_card(self):
        code, output, report = run(has_card=False)
        self.assertEqual(code, 2)
        self.assertIn("there is no NVIDIA card here", output)
        self.assertIsNone(report)


if __name__ == "__main__":
    unittest.main()
