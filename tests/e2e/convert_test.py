"""Converted models in llama.cpp: it continues a text with the same tokens as fathom.

    python3 tests/e2e/convert_test.py path/to/fathom

Exit status 77, with the reason, where llama.cpp cannot be fetched (scripts/llama_cpp.sh).
"""

from __future__ import annotations

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
# Prompts after which the best token leads clearly, so that llama.cpp's rounding of activations to
# f16 or 8 bits cannot change it.
TINY_PROMPT = "int main"
NANO_PROMPT = "#include <string>\n\nint main(int argc, char"


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-convert-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_ok(self, *command: object) -> str:
        run = subprocess.run([*map(str, command)], capture_output=True, cwd=ROOT, timeout=300)
        self.assertEqual(run.returncode, 0, run.stderr.decode(errors="replace"))
        return run.stdout.decode(errors="replace")

    def convert(self, model: object, quant: str) -> pathlib.Path:
        out = self.folder / f"{quant}.gguf"
        self.run_ok(FATHOM, "convert", model, out, "--quant", quant)
        return out

    def complete_folder(self, name: str) -> pathlib.Path:
        """A golden checkpoint with the tokenizer, of which the project keeps one copy."""
        folder = self.folder / name
        shutil.copytree(GOLDEN / name, folder)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(ROOT / "tests" / "data" / "tokenizer-tiny" / file, folder)
        return folder

    def llama_server(self, model: pathlib.Path) -> str:
        """Its address. The server, because llama-completion's output may be cut short: a thread
        writes it, which the end of the process does not wait for."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = (self.folder / "server.log").open("w+")
        self.addCleanup(log.close)
        server = subprocess.Popen(
            ["scripts/llama_cpp.sh", "llama-server", "-m", model, "--port", str(port), "-t", "2",
             "-c", "512", "--parallel", "1", "--no-warmup"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None:
            try:
                urllib.request.urlopen(address + "/health", timeout=5).close()
                return address
            except OSError:
                time.sleep(0.1)
        log.seek(0)
        self.fail("llama-server does not answer:\n" + log.read())

    def llama_tokens(self, model: pathlib.Path, prompt: str, n: int) -> list[int]:
        request = {"prompt": prompt, "n_predict": n, "temperature": 0, "ignore_eos": True,
                   "return_tokens": True}
        with urllib.request.urlopen(self.llama_server(model) + "/completion",
                                    json.dumps(request).encode(), timeout=300) as answer:
            return json.load(answer)["tokens"]

    def check(self, model: pathlib.Path, prompt: str, n: int) -> None:
        ours = json.loads(self.run_ok(FATHOM, "generate", "--model", model, "--prompt", prompt,
                                      "--max-tokens", n, "--temperature", "0", "--ignore-eos",
                                      "--json"))
        self.assertEqual(len(ours["tokens"]), n)
        self.assertEqual(self.llama_tokens(model, prompt, n), ours["tokens"])

    def check_tiny(self, name: str, quant: str) -> None:
        self.check(self.convert(self.complete_folder(name), quant), TINY_PROMPT, 8)


class SameTokensAsLlamaCpp(Case):
    def test_llama_with_heads_that_are_rotated(self) -> None:
        self.check_tiny("llama-deepseek-coder", "f16")

    def test_llama_3_with_rope_factors(self) -> None:
        self.check_tiny("llama3-rope", "f32")

    def test_qwen2(self) -> None:
        self.check_tiny("qwen2-tied", "f16")

    def test_deepseek_v3_with_its_draft_layer(self) -> None:
        self.check_tiny("deepseek-v3", "f16")

    def test_the_builtin_model_in_8_bits(self) -> None:
        self.check(self.convert("nano", "q8_0"), NANO_PROMPT, 8)

    def test_the_builtin_model_in_a_mix(self) -> None:
        self.check(self.convert("nano", "q5_k_m"), NANO_PROMPT, 8)

    def test_the_builtin_model_in_f16(self) -> None:
        self.check(self.convert("nano", "f16"), NANO_PROMPT, 8)


def main() -> None:
    global FATHOM
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    fetched = subprocess.run(["scripts/llama_cpp.sh", "fetch"], cwd=ROOT, capture_output=True)
    if fetched.returncode != 0:
        print("skipped:", fetched.stderr.decode(errors="replace").strip())
        sys.exit(77)
    unittest.main()


if __name__ == "__main__":
    main()
