"""The fathom binary as people and scripts use it: the contract of every command.

    python3 tests/e2e/cli_test.py path/to/fathom
"""

from __future__ import annotations

import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
NANO = ROOT / "models" / "nano" / "fathom-nano.gguf"
GOLDEN = json.loads((ROOT / "models" / "nano" / "golden-gguf.json").read_text("utf-8"))["prompts"]
SOURCE = "engine/base/text.cpp"
COMMANDS = ("lsp complete explain review patch generate tokenize logits inspect plan pull models rm convert synth bench "
            "eval doctor config serve status report").split()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def fathom(self, *args: object, stdin: bytes = b"", **more) -> subprocess.CompletedProcess:
        return subprocess.run([FATHOM, *map(str, args)], input=stdin, capture_output=True,
                              cwd=more.pop("cwd", ROOT), timeout=120, **more)

    def ok(self, *args: object, **more) -> str:
        run = self.fathom(*args, **more)
        self.assertEqual(run.returncode, 0, run.stderr.decode(errors="replace"))
        return run.stdout.decode()

    def json(self, *args: object, **more):
        lines = self.ok(*args, **more).splitlines()
        self.assertEqual(len(lines), 1)
        return json.loads(lines[0])

    def fails(self, status: int, *args: object, **more) -> str:
        """The message of a command that ends with `status`: on stderr, and nothing on stdout."""
        run = self.fathom(*args, **more)
        message = run.stderr.decode()
        self.assertEqual(run.returncode, status, message)
        self.assertEqual(run.stdout, b"")
        self.assertTrue(message.startswith("fathom: "), message)
        return message

    def write(self, name: str, content: str | bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Help(Case):
    def test_lists_every_command_and_nothing_that_is_missing(self) -> None:
        text = self.ok("--help")
        listed = re.findall(r"^  ([a-z]+) ", text, re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(COMMANDS))

    def test_of_every_command(self) -> None:
        for command in [[c] for c in COMMANDS] + [["bench", "speculation"], ["bench", "typing"], ["eval", "infill"], ["eval", "review"]]:
            self.assertIn("--help", self.ok(*command, "--help"))

    def test_version(self) -> None:
        self.assertRegex(self.ok("--version"), r"^fathom \d+\.\d+\.\d+\n$")

    def test_an_unknown_command_gets_a_hint(self) -> None:
        self.assertIn("did you mean 'complete'", self.fails(2, "complet"))
        self.assertIn("--help", self.fails(2, "frobnicate"))

    def test_usage_errors_end_with_2(self) -> None:
        for args in ([], ["--frobnicate"], ["complete"], ["tokenize", "--frobnicate"], ["eval"],
                     ["generate", "--prompt", "a", "--max-tokens", "0"],
                     ["generate", "--prompt", "a", "--max-tokens", "x"],
                     ["generate", "--prompt", "a", "--tokens", "1"],
                     ["generate", "--prompt", "a", "--seed", "-1"],
                     ["generate", "--prompt", "a", "--backend", "tpu"],
                     ["generate"], ["logits"]):
            with self.subTest(args=args):
                self.assertIn("--", self.fails(2, *args))

    def test_every_command_takes_the_options_of_the_engine(self) -> None:
        options = ["--backend", "cpu", "--threads", "1", "--seed", "3"]
        self.assertEqual(self.json("inspect", "--json", *options), self.json("inspect", "--json"))
        self.assertEqual(self.ok("tokenize", *options, stdin=b"a b"), self.ok("tokenize", stdin=b"a b"))

    def test_a_backend_that_is_not_there_is_a_usage_error(self) -> None:
        self.assertIn("available: auto", self.fails(2, "generate", "--prompt", "a", "--backend", "cuda"))


class Models(Case):
    def test_of_no_such_name_says_what_would_help(self) -> None:
        self.assertIn("GGUF", self.fails(2, "inspect", "no-such-model"))
        self.assertIn("/no/such/model", self.fails(2, "generate", "--prompt", "a", "--model", "/no/such/model"))

    def test_are_found_by_name_among_the_pulled_ones(self) -> None:
        models = self.folder / "fathom" / "models"
        models.mkdir(parents=True)
        (models / "mine.gguf").symlink_to(NANO)
        environment = os.environ | {"XDG_DATA_HOME": str(self.folder)}
        for name in ("mine", "mine.gguf"):
            self.assertEqual(self.json("inspect", name, "--json", env=environment)["tensor_count"],
                             self.json("inspect", "--json")["tensor_count"])

    def test_that_are_no_models_are_refused_with_a_reason(self) -> None:
        for name, content in (("empty.gguf", b""), ("text.gguf", b"hello, world\n" * 100),
                              ("magic.gguf", b"GGUF"), ("huge.gguf", b"GGUF\3\0\0\0" + b"\xff" * 64),
                              ("cut.gguf", NANO.read_bytes()[:100_000])):
            path = self.write(name, content)
            for command in (["inspect", path], ["logits", "--tokens", "1", "--model", path],
                            ["tokenize", "--model", path]):
                with self.subTest(command=command):
                    self.assertIn(name, self.fails(3, *command))

    def test_an_empty_folder_is_not_a_model(self) -> None:
        run = self.fathom("inspect", self.folder)
        self.assertIn(run.returncode, (2, 3))
        self.assertIn(str(self.folder), run.stderr.decode())


class Config(Case):
    def configured(self, text: str) -> dict[str, str]:
        (self.folder / "fathom").mkdir(exist_ok=True)
        self.write("fathom/fathom.toml", text.encode())
        return os.environ | {"XDG_CONFIG_HOME": str(self.folder)}

    def test_says_what_is_effective_and_why(self) -> None:
        environment = self.configured("engine.threads = 1\n[explain]\nmax_answer_tokens = 7\n")
        keys = {key["name"]: key for key in self.json("config", "--json", env=environment)["keys"]}
        self.assertEqual(keys["explain.max_answer_tokens"]["value"], 7)
        self.assertEqual(keys["explain.max_answer_tokens"]["origin"], str(self.folder / "fathom/fathom.toml"))
        self.assertEqual(keys["completion.enabled"]["origin"], "default")
        self.assertIn("threads = 1", self.ok("config", env=environment))

    def test_says_where_text_goes_and_why(self) -> None:
        origin = "https://gpu.example:8080"
        environment = self.configured(f'engine.reasoning_model = "nano"\nremote.completion_url = "{origin}/v1"\n')
        environment["XDG_STATE_HOME"] = str(self.folder)
        for line, server, why in (("", "", "nobody has allowed it"), (f"{origin} {ROOT}\n", origin, "allows it"),
                                  (f"never {origin} {ROOT}\n", "", "forbids it")):
            self.write("fathom/remote-consent", line.encode())
            completions, explanations = self.json("config", "--json", env=environment)["text_goes_to"]
            self.assertEqual((completions["server"], explanations["server"]), (server, ""))
            self.assertIn(why, completions["why"])
            self.assertIn(f"completions: {server or 'this machine'} (", self.ok("config", env=environment))
        environment = self.configured('remote.completion_url = "gpu.example"\n')
        self.assertIn("fathom.toml is no address", self.json("config", "--json", env=environment)["text_goes_to"][0]["why"])

    def test_names_what_is_wrong_in_a_file(self) -> None:
        environment = self.configured("engine.thread = 1\n")
        run = self.fathom("config", env=environment)
        self.assertEqual(run.returncode, 2)
        self.assertIn("fathom.toml:1: there is no key 'engine.thread'; did you mean 'engine.threads'?",
                      run.stderr.decode())

    def test_chooses_the_model_unless_a_flag_does(self) -> None:
        environment = self.configured("engine.model = '/no/such/model'\n")
        path = self.write("a.py", b"def f(a):\n    return \n")
        self.assertIn("/no/such/model", self.fails(2, "complete", f"{path}:2:12", env=environment))
        self.ok("complete", f"{path}:2:12", "--model", "nano", env=environment)

    def test_has_a_schema_with_every_key(self) -> None:
        schema = self.json("config", "--schema")
        self.assertFalse(schema["additionalProperties"])
        types = {bool: "boolean", int: "integer", str: "string"}
        keys = self.json("config", "--json")["keys"]
        for key in keys:
            table, name = key["name"].split(".", 1)
            self.assertFalse(schema["properties"][table]["additionalProperties"])
            described = schema["properties"][table]["properties"][name]
            self.assertIn(types[type(key["default"])], described["type"], key["name"])
            self.assertEqual(described["default"], key["default"])
            self.assertEqual(described["description"], key["help"])
            self.assertEqual(described["x-projectMaySet"], key["project_may_set"])
            if described["type"] == "integer":
                self.assertLessEqual(described["minimum"], key["default"])
                self.assertGreaterEqual(described["maximum"], key["default"])
        self.assertEqual(sum(len(t["properties"]) for t in schema["properties"].values()), len(keys))
        self.assertIn("cpu", schema["properties"]["engine"]["properties"]["backend"]["enum"])

    def test_is_documented_key_by_key(self) -> None:
        page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
        documented = re.findall(r"^\| `([a-z_.]+)` \| `([^`]*)` \| (.*) \| (yes|no) \|$", page, re.MULTILINE)
        keys = [(key["name"], json.dumps(key["default"]), key["help"], "yes" if key["project_may_set"] else "no")
                for key in self.json("config", "--json")["keys"]]
        self.assertEqual(documented, keys)


class Inspect(Case):
    def test_describes_the_built_in_model(self) -> None:
        model = self.json("inspect", "--json")
        self.assertEqual(model["architecture"], "deepseek2")
        self.assertEqual(model["format"], "gguf")
        self.assertTrue(model["supported"])
        self.assertEqual(model["obstacles"], [])
        self.assertEqual(model["vocab_size"], 8192)
        self.assertEqual(model["layers"], 8)
        self.assertAlmostEqual(model["parameters"] / 1e6, 30.2, delta=0.1)
        self.assertEqual(model["memory"]["cache_bytes_per_token"], 8 * (128 + 32) * 4)
        self.assertEqual(sum(t["tensors"] for t in model["types"].values()), model["tensor_count"])
        for role in ("bos", "eos", "fim_begin", "fim_hole", "fim_end", "think_begin", "think_end"):
            self.assertIn("id", model["special_tokens"][role])

    def test_lists_tensors_when_asked(self) -> None:
        tensors = self.json("inspect", NANO, "--tensors", "--json")["tensors"]
        self.assertIn("token_embd.weight", {t["name"] for t in tensors})
        self.assertIn("token_embd.weight", self.ok("inspect", "--tensors"))

    def test_reads_for_people(self) -> None:
        self.assertRegex(self.ok("inspect"), r"runs in fathom +yes")

    def test_takes_an_architecture_that_cannot_run(self) -> None:
        config = {"architectures": ["MambaForCausalLM"], "hidden_size": 4, "num_hidden_layers": 1}
        self.write("config.json", json.dumps(config))
        header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
        self.write("model.safetensors", len(header).to_bytes(8, "little") + header + bytes(16))
        model = self.json("inspect", self.folder, "--json")
        self.assertEqual(model["architecture"], "MambaForCausalLM")
        self.assertFalse(model["supported"])
        self.assertTrue(any("MambaForCausalLM" in o for o in model["obstacles"]))
        self.assertEqual(model["parameters"], 4)


class Tokenize(Case):
    def test_gives_ids_in_every_form(self) -> None:
        text = b"def f(x):\n    return x\n"
        ids = self.json("tokenize", "--json", stdin=text)["tokens"]
        self.assertEqual(self.ok("tokenize", stdin=text).strip(), ",".join(map(str, ids)))
        self.assertEqual(self.ok("tokenize", "--count", stdin=text), f"{len(ids)}\n")
        self.assertEqual(self.ok("tokenize", self.write("a.py", text)), self.ok("tokenize", stdin=text))

    def test_decodes_what_it_encoded_byte_for_byte(self) -> None:
        text = bytes(range(256)) + "h\u00e9 \u6f22\u5b57 \U0001f600\r\n\t".encode()
        ids = self.ok("tokenize", stdin=text).strip()
        self.assertEqual(self.fathom("tokenize", "--decode", ids).stdout, text)
        self.assertEqual(self.fathom("tokenize", "--decode", "-", stdin=ids.encode()).stdout, text)

    def test_lines_takes_json_strings(self) -> None:
        texts = ["", "a b", "two\nlines", "\u6f22\u5b57 \u0000"]
        lines = self.ok("tokenize", "--lines", stdin="".join(json.dumps(t) + "\n" for t in texts).encode())
        expected = [self.json("tokenize", "--json", stdin=t.encode())["tokens"] for t in texts]
        self.assertEqual([json.loads(line) for line in lines.splitlines()], expected)

    def test_lines_names_the_line_that_is_no_string(self) -> None:
        run = self.fathom("tokenize", "--lines", stdin=b'"a"\n[1]\n')
        self.assertEqual(run.returncode, 2)
        self.assertIn(b"line 2", run.stderr)

    def test_special_tokens_are_text_unless_asked_for(self) -> None:
        hole = self.json("inspect", "--json")["special_tokens"]["fim_hole"]
        spelled = hole["text"].encode()
        self.assertNotIn(hole["id"], self.json("tokenize", "--json", stdin=spelled)["tokens"])
        self.assertEqual(self.json("tokenize", "--json", "--special", stdin=spelled)["tokens"], [hole["id"]])
        self.assertEqual(self.ok("tokenize", "--decode", hole["id"]), "")
        self.assertEqual(self.ok("tokenize", "--decode", hole["id"], "--special"), hole["text"])

    def test_refuses_ids_that_are_none(self) -> None:
        for bad in ("", "x", "8192", "-1", "1,,y"):
            self.fails(2, "tokenize", "--decode", bad)

    def test_reads_a_bare_tokenizer_json(self) -> None:
        path = ROOT.parent / "shared" / "golden" / "tokenizer-tiny" / "tokenizer.json"
        if not path.exists():
            self.skipTest(f"{path} is not here")
        for model in (path, path.parent):
            self.assertGreater(self.json("tokenize", "--json", "--model", model, stdin=b"a b c")["count"], 0)


class Logits(Case):
    def test_equal_the_golden_ones_on_the_reference_backend(self) -> None:
        golden = min(GOLDEN, key=lambda g: len(g["ids"]))
        out = self.json("logits", "--tokens", ",".join(map(str, golden["ids"])), "--json", "--top", 20,
                        "--backend", "reference")
        self.assertEqual(out["n_vocab"], 8192)
        self.assertEqual([i for i, _ in out["top"]], golden["top_ids"])
        for (_, found), expected in zip(out["top"], golden["top_logits"]):
            self.assertAlmostEqual(found, expected, delta=2e-3)

    def test_all_of_them(self) -> None:
        out = self.json("logits", "--tokens", "0,5", "--all", "--json")
        self.assertEqual(len(out["logits"]), out["n_vocab"])
        self.assertEqual(len(out["top"]), 10)
        best, value = out["top"][0]
        self.assertEqual(max(out["logits"]), value)
        self.assertEqual(out["logits"][best], value)

    def test_a_prompt_begins_with_bos_once(self) -> None:
        bos = self.json("inspect", "--json")["special_tokens"]["bos"]
        ids = self.ok("tokenize", stdin=b"int main").strip()
        expected = self.json("logits", "--tokens", f"{bos['id']},{ids}", "--json")["top"]
        self.assertEqual(self.json("logits", "--prompt", "int main", "--json")["top"], expected)
        self.assertEqual(
            self.json("logits", "--prompt", bos["text"] + "int main", "--special", "--json")["top"], expected)

    def test_refuses_ids_outside_the_vocabulary(self) -> None:
        self.fails(2, "logits", "--tokens", "0,8192")


class Generate(Case):
    PROMPT = "def fibonacci(n):\n    "

    def test_continues_as_the_golden_file_does(self) -> None:
        golden = min(GOLDEN, key=lambda g: len(g["ids"]))
        out = self.json("generate", "--tokens", ",".join(map(str, golden["ids"])), "--json", "--max-tokens",
                        len(golden["greedy"]), "--ignore-eos", "--backend", "reference")
        self.assertEqual(out["tokens"], golden["greedy"])
        self.assertEqual(out["prompt_tokens"], len(golden["ids"]))

    def test_has_the_keys_of_the_contract(self) -> None:
        out = self.json("generate", "--prompt", self.PROMPT, "--max-tokens", 5, "--json", "--ignore-eos")
        for key in ("text", "tokens", "prompt_tokens", "stop", "ms_prefill", "ms_decode"):
            self.assertIn(key, out)
        self.assertEqual(out["stop"], "max_tokens")
        self.assertEqual(len(out["tokens"]), 5)

    def test_streams_the_same_text_it_reports(self) -> None:
        args = ["generate", "--prompt", self.PROMPT, "--max-tokens", 20]
        self.assertEqual(self.ok(*args), self.json(*args, "--json")["text"])
        path = self.write("prompt.txt", self.PROMPT)
        self.assertEqual(self.ok("generate", "--prompt-file", path, "--max-tokens", 20), self.ok(*args))

    def test_a_seed_decides_what_is_sampled(self) -> None:
        args = ["generate", "--prompt", self.PROMPT, "--max-tokens", 20, "--temperature", 1.2]
        first = self.ok(*args, "--seed", 1)
        self.assertEqual(self.ok(*args, "--seed", 1, "--threads", 1), first)
        self.assertNotEqual({self.ok(*args, "--seed", s) for s in (2, 3, 4)}, {first})

    def test_ends_before_a_stop_string(self) -> None:
        args = ["generate", "--prompt", self.PROMPT, "--max-tokens", 20, "--ignore-eos"]
        text = self.ok(*args)
        stop = text[len(text) // 2:len(text) // 2 + 3]
        out = self.json(*args, "--stop", "never to be seen", "--stop", stop, "--json")
        self.assertEqual(out["stop"], "stop_string")
        self.assertEqual(out["text"], text[:text.index(stop)])
        self.assertEqual(self.ok(*args, "--stop", stop), out["text"])

    def test_an_empty_prompt_is_bos_alone(self) -> None:
        self.assertEqual(self.json("generate", "--prompt", "", "--max-tokens", 1, "--json")["prompt_tokens"], 1)

    def test_ends_quietly_when_its_reader_does(self) -> None:
        run = subprocess.Popen([FATHOM, "generate", "--prompt", "a", "--max-tokens", "2000", "--ignore-eos"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        run.stdout.read(1)
        run.stdout.close()
        message = run.stderr.read()
        run.stderr.close()
        self.assertEqual(run.wait(60), -signal.SIGPIPE)
        self.assertEqual(message, b"")

    def test_an_interrupt_ends_it_with_130(self) -> None:
        run = subprocess.Popen([FATHOM, "generate", "--prompt", "a", "--max-tokens", "3000", "--ignore-eos",
                                "--backend", "reference"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        run.stdout.read(1)
        run.send_signal(signal.SIGINT)
        _, message = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 130, message)

    def test_says_so_when_stdout_is_full(self) -> None:
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full here")
        with open("/dev/full", "wb") as full:
            run = subprocess.run([FATHOM, "tokenize", "--decode", "100"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(run.returncode, 3)
        self.assertIn(b"stdout", run.stderr)


class Complete(Case):
    TEXT = "def add(a, b):\n    return \n\n\ndef main():\n    print(add(1, 2))\n"

    def test_has_the_keys_of_the_contract(self) -> None:
        out = self.json("complete", f"{SOURCE}:10:1", "--json")
        for key in ("text", "range", "tokens", "prompt_tokens", "reused_tokens", "ms_first_token", "ms_total",
                    "mean_logprob", "stop", "context", "alternatives"):
            self.assertIn(key, out)
        self.assertEqual(out["alternatives"], [])
        self.assertGreater(out["prompt_tokens"], 10)
        for piece in out["context"]:
            self.assertEqual(set(piece), {"kind", "path", "begin", "end", "tokens"})

    def test_its_range_is_on_the_line_of_the_cursor(self) -> None:
        path = self.write("add.py", self.TEXT)
        out = self.json("complete", f"{path}:2:12", "--json")
        start, end = out["range"]["start"], out["range"]["end"]
        self.assertEqual((start["line"], end["line"]), (2, 2))
        self.assertLessEqual(start["column"], 12)
        self.assertGreaterEqual(end["column"], 12)
        self.assertEqual(self.TEXT.encode()[:start["offset"]].count(b"\n") + 1, start["line"])

    def test_prints_what_it_reports(self) -> None:
        path = self.write("add.py", self.TEXT)
        self.assertEqual(self.ok("complete", f"{path}:2:12"), self.json("complete", f"{path}:2:12", "--json")["text"])

    def test_gives_as_many_alternatives_as_are_wanted(self) -> None:
        path = self.write("add.py", self.TEXT)
        alone = self.json("complete", f"{path}:2:12", "--json")
        out = self.json("complete", f"{path}:2:12", "--json", "--n", 3)
        self.assertEqual(out["text"], alone["text"])
        texts = [out["text"]] + [other["text"] for other in out["alternatives"]]
        self.assertLessEqual(len(texts), 3)
        self.assertEqual(len(set(texts)), len(texts))
        for other in out["alternatives"]:
            self.assertEqual(set(other), {"text", "range", "mean_logprob"})
            self.assertEqual(other["range"]["start"], out["range"]["start"])
        self.assertEqual(self.ok("complete", f"{path}:2:12", "--n", 3), "\n---\n".join(texts))
        self.fails(2, "complete", f"{path}:2:12", "--n", 6)

    def test_reads_the_buffer_from_stdin(self) -> None:
        path = self.write("add.py", self.TEXT)
        args = ("--json",)
        from_file = self.json("complete", f"{path}:2:12", *args)
        from_stdin = self.json("complete", f"{path}:2:12", "--stdin", *args, stdin=self.TEXT.encode())
        self.assertEqual(from_stdin["text"], from_file["text"])
        self.json("complete", "not/there.py:2:12", "--stdin", *args, stdin=self.TEXT.encode())

    def test_a_file_name_may_have_colons(self) -> None:
        path = self.write("a:1:2.py", self.TEXT)
        self.json("complete", f"{path}:2:12", "--json")

    def test_keeps_to_max_tokens(self) -> None:
        self.assertLessEqual(self.json("complete", f"{SOURCE}:10:1", "--json", "--max-tokens", 3)["tokens"], 3)

    def test_lists_its_context_on_stderr(self) -> None:
        run = self.fathom("complete", f"{SOURCE}:10:1", "--explain-context")
        self.assertIn(b"prefix", run.stderr)

    def test_places_that_are_none_end_with_2(self) -> None:
        path = self.write("add.py", self.TEXT)
        for place in (path, f"{path}:1", f"{path}:0:1", f"{path}:99:1", f"{path}:1:99", "missing.py:1:1",
                      f"{self.folder}:1:1"):
            self.fails(2, "complete", place)

    def test_takes_any_bytes_and_prints_valid_json(self) -> None:
        for name, content in (("crlf.c", b"int a;\r\nint b\r\n"), ("bom.py", b"\xef\xbb\xbfx = \n"),
                              ("bad.py", b"x = '\xff\xfe'\ny = \xc3\n"), ("nul.js", b"a\0b\nlet \n"),
                              ("none", b""), ("odd.xyz", b"one two\n")):
            with self.subTest(name=name):
                out = self.json("complete", f"{self.write(name, content)}:1:1", "--json")
                self.assertIsInstance(out["text"], str)


class Explain(Case):
    def test_streams_both_channels_as_json_lines(self) -> None:
        lines = [json.loads(line) for line in self.ok("explain", f"{SOURCE}:1-20", "--json").splitlines()]
        self.assertTrue(lines)
        for line in lines:
            self.assertEqual(set(line), {"channel", "text"})
            self.assertIn(line["channel"], ("reasoning", "answer"))
        answer = "".join(line["text"] for line in lines if line["channel"] == "answer")
        plain = self.fathom("explain", f"{SOURCE}:1-20")
        self.assertEqual(plain.returncode, 0)
        self.assertEqual(plain.stdout.decode().rstrip("\n"), answer.rstrip("\n"))
        self.assertNotIn(b"\x1b", plain.stderr)

    def test_the_reasoning_has_a_budget(self) -> None:
        def reasoning(*args) -> str:
            lines = map(json.loads, self.ok("explain", f"{SOURCE}:1-20", "--json", *args).splitlines())
            return "".join(line["text"] for line in lines if line["channel"] == "reasoning")
        self.assertLess(len(reasoning("--max-reasoning-tokens", 2)), 40)

    def test_a_file_name_may_look_like_a_range(self) -> None:
        path = self.write("a.py:1-2", "def f():\n    return 1\n")
        self.ok("explain", path, "--max-reasoning-tokens", 4)

    def test_lines_that_are_none_end_with_2(self) -> None:
        for place in (f"{SOURCE}:0-1", f"{SOURCE}:5-4", f"{SOURCE}:9999", "missing.py"):
            self.fails(2, "explain", place)


class Bench(Case):
    def test_has_the_keys_of_the_contract(self) -> None:
        out = self.json("bench", "--json", "--prompt-tokens", 64, "--max-tokens", 8, "--repeat", 1)
        for key in ("prefill_tokens_per_s", "decode_tokens_per_s", "decode_tokens_per_s_empty", "ms_first_token_cold",
                    "ms_first_token_warm", "ms_first_token_new", "new_tokens", "bandwidth_bytes_per_s",
                    "bandwidth_fraction", "products_per_s", "peak_rss_bytes"):
            self.assertGreater(out[key], 0, key)
        self.assertLess(out["ms_first_token_warm"], out["ms_first_token_cold"])
        self.assertIsInstance(out["backend"], str)
        self.assertIsInstance(out["cpu"], str)
        for phase in ("prefill", "decode"):
            shares = [op["share"] for op in out["ops"] if op["phase"] == phase]
            self.assertAlmostEqual(sum(shares), 1, places=6)
            self.assertEqual(shares, sorted(shares, reverse=True))

    def test_speculation_writes_the_edits_with_and_without(self) -> None:
        out = self.json("bench", "speculation", "--json", "--prompt-tokens", 400, "--max-tokens", 40, "--repeat", 1)
        self.assertEqual([task["task"] for task in out["tasks"]], ["rename", "repetition", "new code"])
        for task in out["tasks"]:
            self.assertEqual(task["tokens"], 40)
            self.assertGreater(task["tokens_per_s"], 0)
            self.assertGreaterEqual(task["drafted"], task["right"])
        self.assertIn("too small", self.fails(2, "bench", "speculation", self.write("small.txt", "x")))

    def test_typing_replays_a_trace(self) -> None:
        trace = {"path": "a.py", "text": "def add(a, b):\n    return \n", "events": [
            [0, "move", 2, 12], [9, "type", "a"], [9, "follow", 3], [9, "accept"], [9, "backspace"],
            [9, "type", "\n    "]]}
        out = self.json("bench", "typing", self.write("trace.json", json.dumps(trace)), "--json")
        self.assertEqual(out["keystrokes"], out["computed"] + out["followed"])
        self.assertGreaterEqual(out["computed"], 3)
        self.assertGreaterEqual(out["ms_p95"], out["ms_median"])

    def test_typing_refuses_what_is_no_trace(self) -> None:
        self.assertIn("trace.json", self.fails(3, "bench", "typing", self.write("trace.json", "{}")))


class Eval(Case):
    TASK = {"prompt": "def add(a, b):\n", "suffix": "\n", "canonical_solution": "    return a + b\n"}

    def test_infill_scores_a_file(self) -> None:
        text = "".join(json.dumps(self.TASK) + "\n" for _ in range(3))
        plain = self.write("data.jsonl", text)
        zipped = self.write("data.jsonl.gz", gzip.compress(text.encode()))
        out = self.json("eval", "infill", plain, "--json")
        self.assertEqual(out["tasks"], 3)
        for key in ("exact_match", "edit_similarity", "parse_rate", "tasks_per_s", "tokens_per_s"):
            self.assertIn(key, out)
        self.assertIsNone(self.json("eval", "infill", plain, "--json", "--language", "cobol")["parse_rate"])
        again = self.json("eval", "infill", zipped, "--json", "--limit", 2)
        self.assertEqual(again["tasks"], 2)
        self.assertAlmostEqual(again["edit_similarity"], out["edit_similarity"])

    def test_infill_refuses_what_is_no_data(self) -> None:
        self.fails(3, "eval", "infill", self.write("data.jsonl", "{}\n"))
        self.fails(2, "eval", "infill", self.folder / "missing.jsonl")


class Doctor(Case):
    def test_finds_a_working_machine(self) -> None:
        out = self.json("doctor", "--json")
        self.assertTrue(out["ok"])
        self.assertEqual({c["status"] for c in out["checks"]} - {"ok", "warn"}, set())
        names = {c["name"] for c in out["checks"]}
        for name in ("version", "cpu", "memory", "model", "engine", "tokenizer", "completion", "speed", "editors"):
            self.assertIn(name, names)

    def test_a_bad_model_is_a_finding(self) -> None:
        run = self.fathom("doctor", "--model", self.write("bad.gguf", b"GGUF"))
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stdout.decode(), r"(?m)^fail +model")


class Places(Case):
    """Where the binary may lie."""

    def test_a_copy_of_the_binary_runs_alone_if_the_model_is_in_it(self) -> None:
        embedded = NANO.read_bytes()[:4096] in pathlib.Path(FATHOM).read_bytes()
        copy = self.folder / "fathom"
        shutil.copy(FATHOM, copy)
        run = subprocess.run([copy, "inspect", "--json"], capture_output=True)
        if embedded:
            self.assertEqual(json.loads(run.stdout)["source"], "the built-in model")
        else:
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"built-in model is missing", run.stderr)

    def test_an_installed_tree_may_be_moved(self) -> None:
        build = pathlib.Path(FATHOM).resolve().parents[2]
        first = self.folder / "first"
        subprocess.run(["cmake", "--install", build, "--prefix", first], check=True, capture_output=True)
        moved = first.rename(self.folder / "second")
        self.assertTrue((moved / "share/fathom/models/nano/README.md").is_file())
        self.assertTrue((moved / "share/fathom/models/nano/fathom-nano.gguf").is_file())
        run = subprocess.run([moved / "bin/fathom", "generate", "--prompt", "a", "--max-tokens", "2"],
                             capture_output=True, cwd="/")
        self.assertEqual(run.returncode, 0, run.stderr)


class Lsp(Case):
    def test_answers_initialize_and_ends_with_the_input(self) -> None:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                           "params": {"processId": None, "rootUri": None, "capabilities": {}}}).encode()
        message = b"Content-Length: %d\r\n\r\n" % len(body) + body
        own = os.environ | {"XDG_RUNTIME_DIR": str(self.folder), "XDG_STATE_HOME": str(self.folder)}
        for flags in ([], ["--standalone"]):
            run = self.fathom("lsp", *flags, stdin=message, env=own)
            self.assertIn(b'"capabilities"', run.stdout)
            self.assertEqual(run.returncode, 1)  # no shutdown request came first
        if (self.folder / "fathom/daemon.out").exists():  # it had the time to start a daemon, which would stay
            while (status := self.fathom("status", "--json", env=own)).returncode != 0:
                time.sleep(0.1)
            os.kill(json.loads(status.stdout)["pid"], signal.SIGTERM)


if __name__ == "__main__":
    FATHOM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
