"""Prompts that are known again after a start: disk_cache_test.py FATHOM"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from daemon_world import TYPED, Typist, World, wait_for

SOURCE = "def area(width, height):\n    return \n" * 20


class DiskCache(unittest.TestCase):
    def setUp(self):
        self.world = World(FATHOM)
        self.addCleanup(self.world.__exit__)
        self.folder = pathlib.Path(self.world.env["XDG_CACHE_HOME"]) / "fathom" / "prompts"
        self.source = self.world.folder / "area.py"
        self.source.write_text(SOURCE)

    def configure(self, text):
        path = pathlib.Path(self.world.env["XDG_CONFIG_HOME"]) / "fathom" / "fathom.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def complete(self):
        run = subprocess.run([FATHOM, "complete", f"{self.source}:2:12", "--json"], env=self.world.env,
                             capture_output=True, text=True, timeout=120, cwd=self.world.folder, check=True)
        self.assertEqual(run.stderr, "")
        return json.loads(run.stdout)

    def test_nothing_is_kept_unless_that_is_asked_for(self):
        self.assertEqual([self.complete()["reused_tokens"] for _ in range(2)], [0, 0])
        self.assertFalse(self.folder.exists())

    def test_a_command_knows_the_prompt_of_the_one_before(self):
        self.configure("engine.disk_cache_mb = 100\n")
        first, second = self.complete(), self.complete()
        self.assertGreater(first["prompt_tokens"], 100)
        self.assertEqual(first["reused_tokens"], 0)
        self.assertEqual(second["reused_tokens"], second["prompt_tokens"] - 1)
        self.assertEqual(second["text"], first["text"])
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        for file in self.folder.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            file.write_bytes(file.read_bytes()[:-1] + b"?")
        third = self.complete()
        self.assertEqual((third["reused_tokens"], third["text"]), (0, first["text"]))

    def test_a_folder_that_cannot_be_written_is_one_warning(self):
        self.configure("engine.disk_cache_mb = 100\n")
        self.folder.parent.mkdir()
        self.folder.write_text("no folder\n")
        run = subprocess.run([FATHOM, "complete", f"{self.source}:2:12", "--json", "--verbose"], env=self.world.env,
                             capture_output=True, text=True, timeout=120, cwd=self.world.folder, check=True)
        self.assertEqual(run.stderr.count("prompts are not kept for later"), 1, run.stderr)

    def test_a_daemon_knows_the_prompts_of_the_one_before(self):
        self.configure("engine.disk_cache_mb = 100\n")
        computed = []
        for _ in range(2):
            daemon = self.world.serve()
            client = self.world.door()
            client.start()
            typist = Typist(client, self.source.as_uri())
            typist.type(TYPED)
            typist.complete()
            model = wait_for("a model that has completed", self.model)
            computed.append(model["prompt_tokens"] - model["reused_tokens"])
            client.request("end", "shutdown")
            client.answer("end")
            client.notify("exit")
            self.assertEqual(client.finish(), 0)
            daemon.terminate()
            self.assertEqual(daemon.wait(60), 0)
            daemon.stdout.close()
        self.assertGreater(computed[0], 30)
        self.assertLess(computed[1], 10)

    def model(self):
        """What the daemon says of its model once that has seen a prompt."""
        status = subprocess.run([FATHOM, "status", "--json"], env=self.world.env, capture_output=True, text=True,
                                timeout=60, check=True)
        model = json.loads(status.stdout)["models"][0]
        return model if model.get("prompt_tokens") else None


if __name__ == "__main__":
    FATHOM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
