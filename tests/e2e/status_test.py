"""`fathom status` and `fathom doctor` with and without a daemon: status_test.py FATHOM"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest


class Status(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        folder = pathlib.Path(self.folder.name)
        folder.chmod(0o700)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            self.environment[name] = str(folder)
        self.socket = folder / "fathom" / "fathom.sock"

    def fathom(self, *arguments, cwd=None):
        return subprocess.run([FATHOM, *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=120, cwd=cwd)

    def serve(self, *arguments):
        daemon = subprocess.Popen([FATHOM, "serve", *arguments], env=self.environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        self.assertIn("listening at", daemon.stdout.readline())
        return daemon

    def test_says_that_no_daemon_runs(self):
        run = self.fathom("status")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout, "")
        self.assertIn(f"no daemon listens at {self.socket}", run.stderr)
        run = self.fathom("status", "--json")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(json.loads(run.stdout), {"running": False, "socket": str(self.socket)})

    def test_tells_what_the_daemon_does(self):
        daemon = self.serve()
        status = json.loads(self.fathom("status", "--json").stdout)
        self.assertEqual(status["pid"], daemon.pid)
        self.assertEqual(status["socket"], str(self.socket))
        self.assertEqual([model["role"] for model in status["models"]], ["completion", "reasoning"])
        self.assertEqual(len(status["clients"]), 1)  # who asks
        text = self.fathom("status").stdout
        self.assertRegex(text, rf"^fathom [0-9.]+, pid {daemon.pid}, up for ")
        self.assertIn("  completion ", text)

    def test_prints_metrics_that_prometheus_reads(self):
        self.serve()
        page = self.fathom("status", "--prometheus").stdout
        self.assertIn("\nfathom_clients 1\n", page)
        for line in page.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-+.e0-9]+)$')
        typed = set(re.findall(r"^# TYPE (\w+)", page, re.MULTILINE))
        for name in re.findall(r"^(\w+)[ {]", page, re.MULTILINE):
            self.assertTrue(name in typed or re.sub("_(bucket|sum|count)$", "", name) in typed, name)

    def doctor(self, **options):
        checks = json.loads(self.fathom("doctor", "--json", **options).stdout)["checks"]
        return {check["name"]: check for check in checks}

    def test_doctor_looks_at_the_index_of_the_project(self):
        project = pathlib.Path(self.folder.name) / "project"
        (project / ".git").mkdir(parents=True)
        (project / "src").mkdir()
        (project / "src" / "a.py").write_text("def f():\n    pass\n")
        (project / "b.py").write_text("x = 1\n")
        (project / ".fathomignore").write_text("b.py\n")
        index = self.doctor(cwd=project / "src")["index"]
        self.assertEqual(index["status"], "ok", index)
        self.assertIn(f"{project}: 1 source file", index["detail"])
        self.assertIn("respecting .fathomignore", index["detail"])
        (project / "src" / "a.py").unlink()
        index = self.doctor(cwd=project)["index"]
        self.assertEqual(index["status"], "warn", index)
        self.assertIn(".gitignore", index["advice"])

    def test_doctor_tries_the_port(self):
        self.assertNotIn("port", self.doctor())
        self.serve("--port", "0")
        port = self.doctor()["port"]
        self.assertEqual(port["status"], "ok", port)
        self.assertIn("127.0.0.1 answers", port["detail"])
        token = self.socket.parent / "fathom.token"
        token.write_text("0" * 64 + "\n")
        port = self.doctor()["port"]
        self.assertEqual(port["status"], "warn", port)
        self.assertIn("token", port["detail"])
        token.chmod(0o644)
        self.assertIn("chmod 600", self.doctor()["port"]["advice"])

    def test_doctor_finds_the_daemon(self):
        check = self.doctor
        checks = check()
        self.assertIn("none runs", checks["daemon"]["detail"])
        for name in ("configuration", "runtime folder", "state folder"):
            self.assertEqual(checks[name]["status"], "ok", checks[name])
        daemon = self.serve()
        self.assertIn(f"pid {daemon.pid}", check()["daemon"]["detail"])
        daemon.kill()
        daemon.wait()
        self.assertIn("left behind", check()["daemon"]["detail"])
        (pathlib.Path(self.folder.name) / "fathom" / "fathom.toml").write_text("[engine]\nthread = 1\n")
        self.assertIn("did you mean 'engine.threads'", check()["configuration"]["detail"])


FATHOM = os.path.abspath(sys.argv.pop(1))
unittest.main(verbosity=2)
