"""fathom debug-compare: agrees with the golden checkpoints, and finds where a model differs.

    python3 tests/e2e/debug_compare_test.py path/to/fathom
"""

from __future__ import annotations

import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

FATHOM = ""
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "data" / "golden"


def compare(*args: object) -> subprocess.CompletedProcess:
    return subprocess.run([FATHOM, "debug-compare", *map(str, args)], capture_output=True, timeout=300)


class DebugCompare(unittest.TestCase):
    def test_agrees_with_every_folder(self) -> None:
        folders = sorted(path.parent for path in GOLDEN.glob("*/golden.json"))
        self.assertGreater(len(folders), 3)
        for folder in folders:
            with self.subTest(folder=folder.name):
                run = compare(folder, "--json")
                self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
                found = json.loads(run.stdout)
                names = {activation["name"] for activation in found["activations"]}
                self.assertTrue(found["equal"])
                self.assertLessEqual({"embed", "layer0.attn_out", "layer1.mlp_out", "layer1.out",
                                      "final_norm", "logits"}, names)

    def test_looks_at_latents_and_choices(self) -> None:
        run = compare(GOLDEN / "deepseek-v32", "--json", "--backend", "cpu")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        names = {activation["name"] for activation in json.loads(run.stdout)["activations"]}
        self.assertLessEqual({"layer0.kv_latent", "layer0.k_pe", "layer0.index_k", "layer1.router_ids",
                              "layer1.index_topk"}, names)

    def test_takes_a_gguf_file(self) -> None:
        run = compare(GOLDEN / "gguf" / "deepseek-v2-Q8_0.gguf")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn(b"equal within", run.stdout)

    def test_names_the_first_activation_that_differs(self) -> None:
        with tempfile.TemporaryDirectory(prefix="fathom-compare-") as name:
            folder = pathlib.Path(name)
            source = GOLDEN / "deepseek-v3"
            shutil.copy(source / "golden.json", folder)
            content = bytearray((source / "golden.safetensors").read_bytes())
            header_size = struct.unpack_from("<Q", content)[0]
            header = json.loads(content[8:8 + header_size])
            for tensor in ("p1.layer1.mlp_out", "p2.layer2.router_ids"):
                at = 8 + header_size + header[tensor]["data_offsets"][0]
                content[at:at + 4] = struct.pack("<f", 1e3)
            (folder / "golden.safetensors").write_bytes(content)
            run = compare(source, "--golden", folder)
            self.assertEqual(run.returncode, 1, run.stderr)
            self.assertRegex(run.stdout.decode(), r"differs first in layer1\.mlp_out\n")
            self.assertRegex(run.stdout.decode(), r"layer2\.router_ids .* differs\n")

    def test_says_what_is_missing(self) -> None:
        run = compare("models/nano/fathom-nano.gguf")
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"golden.json", run.stderr)


if __name__ == "__main__":
    FATHOM = sys.argv.pop(1)
    unittest.main()
