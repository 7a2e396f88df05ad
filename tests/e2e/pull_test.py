"""fathom pull, models and rm against a loopback HTTPS server that behaves badly in every known way.

    python3 tests/e2e/pull_test.py path/to/fathom
"""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = (ROOT / "tests/data/golden/gguf/qwen2-tied-F16.gguf").read_bytes()
FOLDER = ROOT / "tests/data/golden/llama-deepseek-coder"
SOURCE = "owner/repo:tiny.gguf"


class Behaviour:
    """What the server does; a test changes one thing. The file lies behind a redirect to another
    host name, as on the hub."""

    def __init__(self) -> None:
        self.content = MODEL
        self.sha256 = hashlib.sha256(MODEL).hexdigest()
        self.linked_size = len(MODEL)
        self.etag: list[str] = []  # of the next answers; then the hash
        self.status = 0            # instead of the file
        self.stop_after = -1       # close the connection after so many bytes
        self.stall_after = -1      # go silent after so many bytes
        self.ranges = True
        self.redirect_to_http = False
        self.announce = None       # the Content-Length of the body
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.released = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        b: Behaviour = self.server.behaviour
        b.requests.append((self.command, self.path, dict(self.headers)))
        if b.status:
            return self.reply(b.status, b"no")
        if self.path.startswith("/folder/model/resolve/main/"):
            file = FOLDER / self.path.rsplit("/", 1)[1]
            if not file.is_file() or file.name.startswith("golden"):
                return self.reply(404, b"no")
            return self.reply(200, file.read_bytes(), {"ETag": f'"{file.name}-1"'})
        if self.path == "/owner/repo/resolve/main/tiny.gguf":
            scheme, host = ("http", "127.0.0.1") if b.redirect_to_http else ("https", "127.0.0.1")
            tag = b.etag.pop(0) if b.etag else b.sha256
            return self.reply(302, b"", {
                "Location": f"{scheme}://{host}:{self.server.server_port}/blob",
                "X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(b.linked_size)})
        if self.path == "/blob":
            return self.send_blob(b)
        self.reply(404, b"no")

    do_GET = do_HEAD = answer

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def send_blob(self, b: Behaviour) -> None:
        begin = 0
        wanted = self.headers.get("Range", "")
        if b.ranges and wanted.startswith("bytes="):
            begin = int(wanted[6:].split("-")[0])
        body = b.content[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(b.content) - 1}/{len(b.content)}")
        self.send_header("ETag", '"cdn"')
        length = len(body) if b.announce is None else b.announce
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "GET":
            return
        for limit, action in ((b.stop_after, "stop"), (b.stall_after, "stall")):
            if limit >= 0:
                self.wfile.write(body[:limit])
                self.wfile.flush()
                if action == "stall":
                    b.released.wait(60)
                self.close_connection = True
                return
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # fathom hung up, as it should in many of these tests


class PullTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.certificates = pathlib.Path(tempfile.mkdtemp(prefix="fathom-pull-ca-"))
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
             cls.certificates / "key.pem", "-out", cls.certificates / "ca.pem", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-pull-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = self.folder / "fathom" / "models"
        self.server = Server(("127.0.0.1", 0), Handler)
        self.b = self.server.behaviour = Behaviour()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "ca.pem", self.certificates / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.b.released.set)
        self.environment = {
            **{k: v for k, v in os.environ.items()
               if not k.lower().endswith("_proxy") and k != "CURL_CA_BUNDLE"},
            "XDG_DATA_HOME": str(self.folder),
            "HF_ENDPOINT": f"https://localhost:{self.server.server_port}",
            "HF_TOKEN": "secret-token",
            "SSL_CERT_FILE": str(self.certificates / "ca.pem"),
        }

    def fathom(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([FATHOM, *args], capture_output=True, env=self.environment,
                              stdin=subprocess.DEVNULL, timeout=60, cwd=ROOT)

    def pull(self, what: str = SOURCE, *more: str) -> str:
        run = self.fathom("pull", what, *more)
        self.assertEqual(run.returncode, 0, run.stderr.decode())
        self.assertEqual(run.stderr, b"", "progress is for terminals")
        return run.stdout.decode()

    def pull_fails(self, status: int, what: str = SOURCE, *more: str) -> str:
        run = self.fathom("pull", what, *more)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        self.assertEqual(run.stdout, b"")
        self.assertFalse((self.store / "tiny.gguf").exists())
        return run.stderr.decode()

    def part(self) -> int:
        file = self.store / "tiny.gguf.part"
        return file.stat().st_size if file.exists() else -1

    def check_pulled(self) -> None:
        self.assertEqual((self.store / "tiny.gguf").read_bytes(), MODEL)
        self.assertEqual(self.part(), -1)

    # --- what should work

    def test_a_file_is_pulled_listed_used_and_removed(self) -> None:
        self.assertIn("--model tiny", self.pull())
        self.check_pulled()
        listed = json.loads(self.fathom("models", "--json").stdout)
        self.assertEqual([m["name"] for m in listed["pulled"]], ["tiny"])
        self.assertEqual(listed["pulled"][0]["bytes"], len(MODEL))
        self.assertIn("deepseek-coder-1.3b-base", [m["name"] for m in listed["available"]])
        self.assertIn("tiny", self.fathom("models").stdout.decode())
        self.assertEqual(self.fathom("inspect", "--model", "tiny").returncode, 0)
        self.assertEqual(self.fathom("rm", "tiny", "--yes").returncode, 0)
        self.assertEqual(self.fathom("inspect", "--model", "tiny").returncode, 2)
        self.assertEqual(self.fathom("rm", "tiny", "--yes").returncode, 2)

    def test_a_folder_is_pulled_and_appears_when_it_is_complete(self) -> None:
        self.pull("folder/model")
        files = {f.name for f in (self.store / "model").iterdir()}
        self.assertEqual(files, {"config.json", "generation_config.json", "model.safetensors",
                                 "tokenizer.json", "tokenizer_config.json"})
        self.assertEqual(self.fathom("inspect", "--model", "model").returncode, 0)

    def test_a_vocabulary_is_pulled_without_weights_and_is_no_model_to_run(self) -> None:
        out = self.pull("folder/model", "--vocabulary")
        self.assertIn('engine.model = "model-vocabulary"', out)
        folder = self.store / "model-vocabulary"
        self.assertEqual({file.name for file in folder.iterdir()} - {"tokenizer_config.json", "generation_config.json"},
                         {"config.json", "tokenizer.json"})
        self.assertFalse([path for _, path, _ in self.b.requests if "safetensors" in path])
        run = self.fathom("complete", "--model", "model-vocabulary", f"{ROOT}/README.md:1:1")
        self.assertIn(b"has no weights", run.stderr)
        self.pull("folder/model")  # which is another thing
        self.assertTrue((self.store / "model/model.safetensors").exists())

    def test_what_is_there_is_not_pulled_again(self) -> None:
        self.pull()
        self.b.requests.clear()
        self.assertTrue(json.loads(self.pull(SOURCE, "--json"))["was_there"])
        self.assertEqual(self.b.requests, [])

    def test_the_token_does_not_follow_a_redirect_to_another_host(self) -> None:
        self.pull()
        for _, path, headers in self.b.requests:
            sent = headers.get("Authorization")
            self.assertEqual(sent, None if path == "/blob" else "Bearer secret-token", path)

    def test_an_unknown_name_says_what_there_is(self) -> None:
        self.assertIn("did you mean", self.pull_fails(2, "deepseek-coder-99b"))

    def test_a_name_of_the_catalogue_that_is_not_here_says_how_to_get_it(self) -> None:
        run = self.fathom("inspect", "--model", "qwen2.5-coder-0.5b")
        self.assertEqual(run.returncode, 2)
        self.assertIn("fathom pull qwen2.5-coder-0.5b", run.stderr.decode())

    # --- what goes wrong

    def test_a_truncated_download_goes_on_where_it_stopped(self) -> None:
        self.b.stop_after = 50000
        self.assertIn("ended early", self.pull_fails(2))
        self.assertEqual(self.part(), 50000)
        self.b.stop_after = -1
        self.b.requests.clear()
        self.pull()
        self.check_pulled()
        ranges = [h.get("Range") for m, p, h in self.b.requests if (m, p) == ("GET", "/blob")]
        self.assertEqual(ranges, ["bytes=50000-"])

    def test_a_server_without_ranges_sends_everything_again(self) -> None:
        self.b.stop_after = 50000
        self.pull_fails(2)
        self.b.stop_after, self.b.ranges = -1, False
        self.pull()
        self.check_pulled()

    def test_another_version_on_the_server_is_not_glued_to_the_old_part(self) -> None:
        self.b.stop_after = 50000
        self.b.sha256 = "0" * 64
        self.pull_fails(2)
        self.b.stop_after, self.b.sha256 = -1, hashlib.sha256(MODEL).hexdigest()
        self.pull()
        self.check_pulled()

    def test_a_version_that_changes_during_the_download_is_refused(self) -> None:
        self.b.etag = ["a" * 64, "b" * 64]
        self.assertIn("changed on the server", self.pull_fails(3))
        self.assertEqual(self.part(), -1)

    def test_wrong_bytes_are_refused(self) -> None:
        self.b.content = MODEL[:1000] + b"!" + MODEL[1001:]
        self.assertIn("SHA-256", self.pull_fails(3))
        self.assertEqual(self.part(), -1)

    def test_a_file_shorter_than_announced_is_refused(self) -> None:
        self.b.content = MODEL[:-100]
        self.assertIn("were announced", self.pull_fails(3))
        self.assertEqual(self.part(), -1)

    def test_a_file_longer_than_announced_is_refused(self) -> None:
        self.b.linked_size -= 100
        self.assertIn("more than it announced", self.pull_fails(3))
        self.assertEqual(self.part(), -1)

    def test_a_body_shorter_than_its_length_is_kept_and_resumed(self) -> None:
        self.b.announce, self.b.stop_after = len(MODEL), len(MODEL) - 10
        self.assertIn("goes on where it stopped", self.pull_fails(2))
        self.b.announce, self.b.stop_after = None, -1
        self.pull()
        self.check_pulled()

    def test_a_stalled_download_ends_and_can_be_resumed(self) -> None:
        self.b.stall_after = 30000
        self.assertIn("not a byte for 2 s", self.pull_fails(2, SOURCE, "--timeout", "2"))
        self.assertEqual(self.part(), 30000)
        self.b.stall_after = -1
        self.pull()
        self.check_pulled()

    def test_missing_forbidden_and_broken(self) -> None:
        for status, code, message in ((404, 2, "is not there"), (401, 2, "HF_TOKEN"),
                                      (403, 2, "HF_TOKEN"), (500, 2, "HTTP 500"),
                                      (503, 2, "try again later")):
            self.b.status = status
            self.assertIn(message, self.pull_fails(code), status)

    def test_a_redirect_may_not_leave_tls(self) -> None:
        self.b.redirect_to_http = True
        self.assertIn("rotocol", self.pull_fails(2))

    def test_an_unknown_certificate_is_refused(self) -> None:
        self.environment["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt"
        self.assertIn("certificate", self.pull_fails(2))
        self.assertEqual(self.b.requests, [])

    def test_a_disk_that_is_too_small_is_noticed_before_anything_is_sent(self) -> None:
        self.b.linked_size = 10**17
        self.assertIn("the disk has", self.pull_fails(2))
        self.assertNotIn("GET", [method for method, _, _ in self.b.requests])

    def test_control_c_leaves_a_part_that_can_be_resumed_and_nobody_else_pulls_meanwhile(self) -> None:
        self.b.stall_after = 40000
        process = subprocess.Popen([FATHOM, "pull", SOURCE], env=self.environment, cwd=ROOT,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while ("GET", "/blob") not in [r[:2] for r in self.b.requests]:
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        self.assertIn("another fathom", self.pull_fails(2))
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130)
        self.assertIn("goes on where it stopped", message.decode())
        self.assertEqual(self.part(), 40000)
        self.b.stall_after = -1
        self.pull()
        self.check_pulled()


def main() -> None:
    global FATHOM
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()


if __name__ == "__main__":
    main()
