"""What `fathom inspect` costs on model files that want to cost more.

    python3 tests/e2e/hostile_model_test.py path/to/fathom
"""

from __future__ import annotations

import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

FATHOM = ""
MAX_BYTES = 64 << 20
# A process inherits the peak of the one that starts it, so that one must be small.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
"""
STRING, ARRAY, U8 = 8, 9, 0


def string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def gguf(n_tensors: int, values: list[bytes], rest: bytes = b"") -> bytes:
    architecture = string(b"general.architecture") + struct.pack("<I", STRING) + string(b"llama")
    return (b"GGUF" + struct.pack("<IQQ", 3, n_tensors, len(values) + 1) + architecture +
            b"".join(values) + rest)


def array(key: bytes, kind: int, n: int, content: bytes) -> bytes:
    return string(key) + struct.pack("<IIQ", ARRAY, kind, n) + content


class HostileModel(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-hostile-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def peak_bytes(self, model: pathlib.Path) -> int:
        run = subprocess.run([sys.executable, "-c", MEASURE, FATHOM, "inspect", "--json", "--model",
                              model], capture_output=True, text=True, check=True)
        status, peak = map(int, run.stdout.split())
        self.assertIn(status, (0, 2, 3), "it ends in good order")
        return peak

    def check_file(self, content: bytes) -> None:
        file = self.folder / "model.gguf"
        file.write_bytes(content)
        self.assertLess(self.peak_bytes(file), MAX_BYTES)

    def test_arrays_of_empty_strings(self) -> None:
        for n in (1 << 20, 6 << 20):
            self.check_file(gguf(0, [array(b"a", STRING, n, bytes(8 * n))]))

    def test_many_arrays_of_bytes(self) -> None:
        n = 1 << 20
        self.check_file(gguf(0, [array(b"k%d" % i, U8, n, bytes(n)) for i in range(40)]))

    def test_claims_without_content(self) -> None:
        self.check_file(gguf(0, [array(b"a", STRING, 1 << 60, b"")]))
        self.check_file(gguf(1 << 60, []))

    def test_as_many_tensors_as_are_allowed_with_long_names(self) -> None:
        tensors = b"".join(string(b"%0200d" % i) + struct.pack("<IQIQ", 1, 1, 0, 32 * i)
                           for i in range(65536))
        self.check_file(gguf(65536, [], tensors + bytes(32 * 65537)))

    def check_safetensors(self, header: bytes) -> None:
        (self.folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
        (self.folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
        self.assertLess(self.peak_bytes(self.folder), MAX_BYTES)

    def test_safetensors_headers(self) -> None:
        self.check_safetensors(b"[" + b"0," * (4 << 20) + b"0]")
        self.check_safetensors(b'{"a":"' + b"x" * (15 << 20) + b'"}')
        self.check_safetensors(b"[" * (1 << 20))
        self.check_safetensors(b" " * (64 << 20))

    def test_indices_and_configurations(self) -> None:
        (self.folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
        for n in (500_000, 1_000_000):
            index = ",".join(f'"t{i}":"m.safetensors"' for i in range(n))
            (self.folder / "model.safetensors.index.json").write_text(
                '{"weight_map":{' + index + "}}")
            self.assertLess(self.peak_bytes(self.folder), MAX_BYTES)
        (self.folder / "config.json").write_text("[" + "0," * (1 << 20) + "0]")
        self.assertLess(self.peak_bytes(self.folder), MAX_BYTES)


def main() -> None:
    global FATHOM
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()


if __name__ == "__main__":
    main()
