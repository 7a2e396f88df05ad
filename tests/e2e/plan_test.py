"""`fathom plan` as people and scripts use it: what it says of files and shapes, and how it ends.

    python3 tests/e2e/plan_test.py path/to/fathom
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
NANO = ROOT / "models" / "nano" / "fathom-nano.gguf"


def fathom(*args: object) -> subprocess.CompletedProcess:
    return subprocess.run([FATHOM, *map(str, args)], capture_output=True, text=True, cwd=ROOT,
                          timeout=120)


class PlanTest(unittest.TestCase):
    def plan(self, status: int, *args: object) -> dict:
        run = fathom("plan", *args, "--json")
        self.assertEqual(run.returncode, status, run.stderr)
        return json.loads(run.stdout)

    def fails(self, status: int, *args: object) -> str:
        run = fathom("plan", *args)
        self.assertEqual((run.returncode, run.stdout), (status, ""))
        return run.stderr

    def test_of_a_file_has_the_sizes_that_inspect_states(self) -> None:
        plan = self.plan(0, NANO)
        inspected = json.loads(fathom("inspect", NANO, "--json").stdout)
        self.assertEqual(plan["model"]["parameters"], inspected["parameters"])
        self.assertEqual(plan["model"]["weight_bytes"], inspected["memory"]["weight_bytes"])
        self.assertEqual(plan["model"]["cache"]["bytes_per_token"],
                         inspected["memory"]["cache_bytes_per_token"])
        self.assertEqual(self.plan(0)["model"]["layers"], plan["model"]["layers"])

    def test_of_a_shape_is_that_of_the_file_that_synth_makes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder) / "nano.gguf"
            fathom("synth", "--shape", "nano", "--quant", "q4_k", made)
            of_file = self.plan(0, made)["model"]
        of_shape = self.plan(0, "nano", "--quant", "q4_k")["model"]
        self.assertEqual(of_shape["name"], "nano in q4_k")
        self.assertEqual(of_file | {"name": ""}, of_shape | {"name": ""})

    def test_of_v3_on_eight_gpus_fits(self) -> None:
        plan = self.plan(0, "v3", "--quant", "fp8", "--gpus", 8, "--gpu", "h200")
        self.assertTrue(plan["fits"])
        shards = plan["shards"]
        self.assertEqual((shards["gpus"], shards["ranks_per_stage"], len(shards["stages"])), (8, 8, 1))
        stage = shards["stages"][0]
        parts = {k: v for k, v in stage["bytes_per_rank"].items() if k != "total"}
        self.assertEqual(sum(parts.values()), stage["bytes_per_rank"]["total"])
        self.assertEqual(stage["bytes_per_rank"]["total"] + stage["free_bytes"],
                         plan["gpu"]["usable_bytes"])
        decode = shards["decode"]
        self.assertAlmostEqual(decode["total_ms"],
                               decode["read_ms"] + decode["sync_ms"] + decode["exchange_ms"])
        self.assertAlmostEqual(decode["tokens_per_s"], 1000 / decode["total_ms"])
        self.assertEqual(shards["prefill"]["tokens"], 2048)
        text = fathom("plan", "v3", "--quant", "fp8", "--gpus", 8, "--gpu", "h200").stdout
        for sentence in ["Estimates on paper"] + plan["assumptions"]:
            self.assertIn(sentence, text)

    def test_of_what_does_not_fit_ends_with_1_and_says_what_would_do(self) -> None:
        plan = self.plan(1, "v3", "--quant", "bf16", "--gpus", 8, "--gpu", "H200")
        self.assertEqual((plan["fits"], plan["shards"]["gpus_needed"]), (False, 16))
        run = fathom("plan", "v3", "--quant", "bf16", "--gpus", 8, "--gpu", "h200")
        self.assertEqual(run.returncode, 1)
        self.assertIn("16 of these GPUs would do", run.stdout)

    def test_of_one_gpu_says_what_stays_in_memory(self) -> None:
        run = fathom("plan", "v2-lite", "--gpu", "rtx4090", "--json")
        plan = json.loads(run.stdout)
        self.assertEqual(run.returncode, 0 if plan["fits"] else 1)  # by this machine's memory
        places = plan["placements"]
        self.assertEqual([p["place"] for p in places], ["processor", "gpu", "both"])
        both = places[2]
        self.assertEqual(both["layers_on_gpu"], 27)
        self.assertTrue(0 < both["expert_layers_on_gpu"] < 26)
        self.assertIsNone(both["prefill"])
        self.assertIn("of the experts' bytes stay in memory",
                      fathom("plan", "v2-lite", "--gpu", "rtx4090").stdout)

    def test_is_for_the_context_that_is_asked_for(self) -> None:
        short, long = (self.plan(0, NANO, "--context", n)["model"]["cache"]["bytes"] for n in (10, 1000))
        self.assertEqual(100 * short, long)
        self.assertIn("looks back on 4096 tokens", self.fails(2, NANO, "--context", 5000))

    def test_usage_errors_end_with_2_and_say_what_there_is(self) -> None:
        self.assertIn("--gpus needs --gpu NAME", self.fails(2, "v3", "--gpus", 8))
        self.assertIn("there are h100", self.fails(2, "v3", "--gpu", "h20"))
        self.assertIn("there are fp8", self.fails(2, "v3", "--quant", "q9"))
        self.assertIn("there is no shape", self.fails(2, NANO, "--quant", "q8_0"))
        self.assertIn("no-such-model", self.fails(2, "no-such-model"))
        for args in (["--gpus", 0], ["--gpus", 2000], ["--context", 0], ["--frobnicate"]):
            self.assertIn("--help", self.fails(2, *args))

    def test_a_model_whose_cost_is_not_known_ends_with_3(self) -> None:
        self.assertIn("cannot be planned", self.fails(3, "tests/data/golden/deepseek-v4-fp4"))


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
