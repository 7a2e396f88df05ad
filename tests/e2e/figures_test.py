"""Figures that fathom promises, measured again: on the model's card, and while typing.

    python3 tests/e2e/figures_test.py path/to/fathom
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("FATHOM_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "eval" / "HumanEval-SingleLineInfilling.jsonl.gz"
TOLERANCE = 0.5  # points: the card was measured on BF16 weights in PyTorch


class CardFigure(unittest.TestCase):
    @unittest.skipUnless(DATA.exists(), f"{DATA} is not here")
    def test_single_line_infilling_is_what_the_card_says(self) -> None:
        card = (ROOT / "models" / "nano" / "README.md").read_text("utf-8")
        figure = re.search(r"single-line infilling.*?\| ([\d.]+) % / ([\d.]+) % \(([\d,]+) tasks", card)
        self.assertIsNotNone(figure, "the card has no infilling figure")
        exact_match, edit_similarity = float(figure[1]), float(figure[2])
        n_tasks = int(figure[3].replace(",", ""))

        run = subprocess.run([FATHOM, "eval", "infill", DATA, "--json"], capture_output=True, check=True)
        measured = json.loads(run.stdout)
        print(measured)
        self.assertEqual(measured["tasks"], n_tasks)
        self.assertAlmostEqual(measured["exact_match"], exact_match, delta=TOLERANCE)
        self.assertAlmostEqual(measured["edit_similarity"], edit_similarity, delta=TOLERANCE)


class Typing(unittest.TestCase):
    def test_keys_along_the_suggestion_need_no_model(self) -> None:
        run = subprocess.run([FATHOM, "bench", "typing", "--json"], capture_output=True, check=True)
        measured = json.loads(run.stdout)
        print(measured)  # the milliseconds are for people: a busy machine must not fail a test
        self.assertEqual(measured["keystrokes"], measured["computed"] + measured["followed"])
        self.assertGreater(measured["keystrokes"], 600)
        self.assertGreater(measured["followed"], 50)
        self.assertGreater(measured["suggestions"], measured["followed"])


if __name__ == "__main__":
    FATHOM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
