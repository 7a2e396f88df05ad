"""`fathom serve --http` as other programs use it: http_test.py FATHOM"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest


class Http(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o700)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.folder.name}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            self.environment[name] = self.folder.name

    def serve(self, *arguments):
        daemon = subprocess.Popen([FATHOM, "serve", "--http", "0", *arguments], env=self.environment,
                                  text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        self.port = int(re.search(r"http://localhost:(\d+)", daemon.stdout.readline())[1])
        return daemon

    def ask(self, method, path, body=None, host="localhost", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        data = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        connection.request(method, path, data, {"Host": f"{host}:{self.port}",
                                                **{name.replace("_", "-"): value for name, value in headers.items()}})
        return connection.getresponse()

    def post(self, path, body):
        answer = self.ask("POST", path, body)
        text = answer.read()
        self.assertEqual(answer.status, 200, text)
        return json.loads(text)

    def events(self, path, body):
        answer = self.ask("POST", path, {**body, "stream": True})
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        events = answer.read().decode().split("\n\n")
        self.assertEqual(events.pop(), "")
        return [event.removeprefix("data: ") for event in events]

    def test_completes_as_the_command_line_does(self):
        self.serve()
        prompt = "def add(a, b):\n    return"
        ours = self.post("/v1/completions", {"prompt": prompt, "max_tokens": 12})
        command = subprocess.run([FATHOM, "generate", "--prompt", prompt, "--max-tokens", "12"],
                                 env=self.environment, capture_output=True, text=True, check=True)
        self.assertEqual(ours["choices"][0]["text"].strip(), command.stdout.strip())
        events = self.events("/v1/completions", {"prompt": prompt, "max_tokens": 12})
        self.assertEqual(events.pop(), "[DONE]")
        self.assertEqual("".join(json.loads(event)["choices"][0]["text"] for event in events),
                         ours["choices"][0]["text"])

    def test_serves_all_that_its_page_lists(self):
        self.serve()
        page = pathlib.Path("docs/http.md").read_text()
        for method, path in re.findall(r"^\| `(GET|POST) (\S+)`", page, re.MULTILINE):
            answer = self.ask(method, path, "{}" if method == "POST" else None)
            self.assertIn(answer.status, (200, 400), f"{method} {path}")
        self.assertEqual(self.ask("GET", "/v1/unknown").status, 404)

    def test_infills_from_the_cache_what_was_computed_ahead(self):
        self.serve()
        hole = {"input_prefix": "def add(a, b):\n", "input_suffix": "\n\nprint(add(1, 2))\n", "prompt": "    ret"}
        ahead = self.post("/infill", {**hole, "n_predict": 0})
        self.assertEqual(ahead["content"], "")
        answer = self.post("/infill", {**hole, "n_predict": 8, "t_max_predict_ms": 5000})
        self.assertGreater(answer["tokens_cached"], 0.8 * answer["tokens_evaluated"] - 2)
        self.assertTrue(answer["content"])

    def test_keeps_a_connection(self):
        self.serve()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(connection.close)
        for text in ("one", "two"):
            connection.request("POST", "/tokenize", json.dumps({"content": text}))
            answer = connection.getresponse()
            self.assertTrue(json.loads(answer.read())["tokens"])
        connection.request("POST", "/v1/completions", json.dumps({"prompt": "x", "max_tokens": 3, "stream": True}))
        self.assertIn("[DONE]", connection.getresponse().read().decode())
        connection.request("GET", "/health")
        self.assertEqual(connection.getresponse().status, 200)

    def test_refuses_pages_of_other_hosts_and_origins(self):
        self.serve()
        self.assertEqual(self.ask("GET", "/v1/models", host="evil.example").status, 403)
        self.assertEqual(self.ask("GET", "/v1/models", Origin="https://evil.example").status, 403)
        self.assertEqual(self.ask("OPTIONS", "/v1/completions", Origin="https://evil.example").status, 403)
        answer = self.ask("GET", "/v1/models")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("Access-Control-Allow-Origin", answer.headers)

    def test_asks_for_the_token_if_there_is_one(self):
        token = "0123456789abcdef0123"
        path = pathlib.Path(self.folder.name) / "token"
        path.write_text(token + "\n")
        self.serve("--http-token-file", str(path))
        self.assertEqual(self.ask("GET", "/v1/models").status, 401)
        self.assertEqual(self.ask("GET", "/v1/models", Authorization="Bearer wrong").status, 401)
        self.assertEqual(self.ask("GET", "/v1/models", Authorization=f"Bearer {token}").status, 200)

    def test_refuses_a_token_that_is_none(self):
        path = pathlib.Path(self.folder.name) / "token"
        path.write_text("short\n")
        run = subprocess.run([FATHOM, "serve", "--http", "0", "--http-token-file", str(path)], timeout=60,
                             env=self.environment, capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("at least 16 characters", run.stderr)

    def test_says_that_a_port_is_taken(self):
        self.serve()
        run = subprocess.run([FATHOM, "serve", "--http", str(self.port), "--socket", f"{self.folder.name}/other.sock"],
                             timeout=60, env=self.environment, capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn(f"cannot listen at port {self.port}", run.stderr)

    def test_survives_what_is_no_request(self):
        daemon = self.serve()
        large = b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
        headers = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"A%d: %s\r\n" % (i, b"x" * 1000) for i in range(40))
        wanted = {b"\x00\xff garbage\r\n\r\n": b" 400 ", large: b" 413 ", headers: b" 431 ",
                  b"POST /infill HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{]}": b" 400 "}
        for said, status in wanted.items():
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
                try:
                    client.sendall(said)
                except OSError:
                    pass  # refused before all of it was sent
                self.assertIn(status, client.recv(100), said[:40])
        self.assertIsNone(daemon.poll())
        self.assertEqual(self.ask("GET", "/health").status, 200)

    def test_stops_computing_when_the_client_goes(self):
        self.serve()
        body = json.dumps({"prompt": "x", "max_tokens": 100000, "stream": True, "temperature": 1.0}).encode()
        for _ in range(70):  # more than may be computed at a time
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
                client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
                               + body)
                self.assertIn(b" 200 ", client.recv(1000))
        self.assertEqual(self.post("/v1/completions", {"prompt": "x", "max_tokens": 2})["object"], "text_completion")

    def test_mixes_up_no_answers_of_many_clients(self):
        self.serve()
        prompts = [f"x{i} = {i}\ny{i} = x{i}" for i in range(24)]

        def answer(prompt):
            return self.post("/v1/completions", {"prompt": prompt, "max_tokens": 16})["choices"][0]["text"]
        alone = [answer(prompt) for prompt in prompts]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            self.assertEqual(list(pool.map(answer, prompts)), alone)

    def test_ends_with_the_daemon(self):
        daemon = self.serve()
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            body = b'{"prompt": "x", "max_tokens": 100000, "stream": true, "temperature": 1}'
            client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            self.assertIn(b" 200 ", client.recv(1000))
            daemon.terminate()
            self.assertEqual(daemon.wait(timeout=60), 0)
            end = time.monotonic() + 60
            while client.recv(1 << 16):
                self.assertLess(time.monotonic(), end)


if __name__ == "__main__":
    FATHOM = sys.argv.pop(1)
    unittest.main(verbosity=2)
