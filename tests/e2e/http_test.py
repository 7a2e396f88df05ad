"""`fathom serve --http` as other programs use it: http_test.py FATHOM"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import warnings


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
        self.port = int(re.search(r"(?:http://localhost:|https at port )(\d+)", daemon.stdout.readline())[1])
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

    def certificate(self):
        """Arguments of a daemon that other machines may ask, and what trusts its certificate."""
        cert, key, token = (pathlib.Path(self.folder.name) / name for name in ("cert.pem", "key.pem", "token"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
        token.write_text("0123456789abcdef0123\n")
        return (["--http-host", "127.0.0.1", "--http-token-file", str(token), "--http-cert", str(cert),
                 "--http-key", str(key)], ssl.create_default_context(cafile=cert))

    def ask_securely(self, context, method, path, body=None, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        self.addCleanup(connection.close)
        connection.request(method, path, json.dumps(body) if body else None, headers)
        return connection.getresponse()

    def test_serves_other_machines_over_tls_to_who_has_the_token(self):
        arguments, context = self.certificate()
        daemon = self.serve(*arguments)
        ours = {"Authorization": "Bearer 0123456789abcdef0123"}
        self.assertEqual(self.ask_securely(context, "GET", "/v1/models").status, 401)
        self.assertEqual(self.ask_securely(context, "GET", "/v1/models", Authorization="Bearer wrong").status, 401)
        self.assertEqual(self.ask_securely(context, "GET", "/v1/models", Host="gpu.example", **ours).status, 200)
        self.assertEqual(self.ask_securely(context, "GET", "/health", Origin="https://evil.example", **ours).status, 403)
        question = {"prompt": "def add(a, b):", "max_tokens": 30}
        answer = json.loads(self.ask_securely(context, "POST", "/v1/completions", question, **ours).read())
        stream = self.ask_securely(context, "POST", "/v1/completions", {**question, "stream": True}, **ours).read().decode()
        events = [json.loads(event) for event in re.findall(r"^data: (\{.*)$", stream, re.MULTILINE)]
        self.assertEqual("".join(event["choices"][0]["text"] for event in events), answer["choices"][0]["text"])
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask("GET", "/health")  # without TLS
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.ask_securely(ssl.create_default_context(), "GET", "/health")
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff")
            client.shutdown(socket.SHUT_WR)
            while client.recv(100):
                pass
        self.assertIsNone(daemon.poll())
        self.assertEqual(self.ask_securely(context, "GET", "/health", **ours).status, 200)

    def test_speaks_no_tls_before_1_2(self):
        arguments, context = self.certificate()
        self.serve(*arguments)
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that are refused
        for version, works in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = version
            context.set_ciphers("ALL:@SECLEVEL=0")  # so that it is not this side that refuses
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
                if works:
                    with context.wrap_socket(client, server_hostname="127.0.0.1") as secure:
                        self.assertEqual(secure.version(), "TLSv1.2")
                else:
                    self.assertRaises(OSError, context.wrap_socket, client, server_hostname="127.0.0.1")

    def test_refuses_other_machines_without_token_and_tls(self):
        arguments, _ = self.certificate()
        for i in range(2, 8, 2):
            some = arguments[:i] + arguments[i + 2:]
            run = subprocess.run([FATHOM, "serve", "--http", "0", *some], timeout=60, env=self.environment,
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 2, some)
            self.assertIn("needs a token and TLS", run.stderr)
        wrong = [*arguments[:-1], str(pathlib.Path(self.folder.name) / "token")]
        run = subprocess.run([FATHOM, "serve", "--http", "0", *wrong], timeout=60, env=self.environment,
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("private key", run.stderr)

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

    def test_mixes_up_no_answers_of_64_clients(self):
        self.serve()
        prompts = [f"x{i} = {i}\ny{i} = x{i}" for i in range(64)]

        def ask_again_and_again(prompt):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            texts = []
            for _ in range(4):
                connection.request("POST", "/v1/completions", json.dumps({"prompt": prompt, "max_tokens": 12}))
                answer = connection.getresponse()
                texts.append(json.loads(answer.read())["choices"][0]["text"])
            connection.close()
            return texts
        alone = [ask_again_and_again(prompt) for prompt in prompts]
        self.assertGreater(len({texts[0] for texts in alone}), 32)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            self.assertEqual(list(pool.map(ask_again_and_again, prompts)), alone)

    def test_answers_what_llama_vim_asks(self):
        self.serve()
        self.post("/infill", {"id_slot": 0, "input_prefix": "", "input_suffix": "", "prompt": "", "n_predict": 0,
                              "input_extra": [{"text": "def area(w, h):\n", "time": [1, 2], "filename": "a.py"}],
                              "samplers": [], "cache_prompt": True, "t_max_prompt_ms": 1, "t_max_predict_ms": 1,
                              "response_fields": [""]})
        fields = ["content", "timings/prompt_n", "timings/prompt_ms", "timings/prompt_per_second",
                  "timings/predicted_n", "timings/predicted_ms", "timings/predicted_per_second",
                  "truncated", "tokens_cached"]
        answer = self.post("/infill", {
            "id_slot": 0, "input_prefix": "def add(a, b):\n", "input_suffix": "\n\nprint(add(1, 2))\n",
            "input_extra": [{"text": "def area(w, h):\n", "time": [1, 2], "filename": "a.py"}], "prompt": "    ret",
            "n_predict": 8, "stop": [], "n_indent": 4, "top_k": 40, "top_p": 0.90, "stream": False,
            "samplers": ["top_k", "top_p", "infill"], "cache_prompt": True, "t_max_prompt_ms": 500,
            "t_max_predict_ms": 5000, "response_fields": fields})
        self.assertEqual(set(answer), set(fields))
        self.assertTrue(answer["content"])
        self.assertGreater(answer["timings/predicted_n"], 0)

    def test_answers_what_llama_vscode_asks(self):
        self.serve()
        chunks = [{"text": "def area(w, h):\n", "time": 1763800000000, "filename": "a.py"}]
        hole = {"input_prefix": "def add(a, b):\n", "input_suffix": "\n\nprint(add(1, 2))\n", "input_extra": chunks,
                "prompt": "    ret", "t_max_prompt_ms": 500, "cache_prompt": True}
        self.assertEqual(self.post("/infill", {**hole, "n_predict": 0, "samplers": [], "t_max_predict_ms": 1})["content"], "")
        answer = self.post("/infill", {**hole, "n_predict": 8, "top_k": 40, "top_p": 0.99, "stream": False, "n_indent": 4,
                                       "samplers": ["top_k", "top_p", "infill"], "t_max_predict_ms": 5000, "n_cmpl": 3})
        self.assertTrue(answer["content"])
        self.assertGreater(answer["timings"]["predicted_n"], 0)
        messages = [{"role": "system", "content": "You are an expert coder."}, {"role": "user", "content": "Say hi."}]
        chat = self.post("/v1/chat/completions", {
            "messages": messages, "stream": False, "cache_prompt": True, "samplers": "edkypmxt", "temperature": 0.8,
            "dynatemp_range": 0, "dynatemp_exponent": 1, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "typical_p": 1,
            "xtc_probability": 0, "xtc_threshold": 0.1, "repeat_last_n": 64, "repeat_penalty": 1, "presence_penalty": 0,
            "frequency_penalty": 0, "dry_multiplier": 0, "dry_base": 1.75, "dry_allowed_length": 2,
            "dry_penalty_last_n": -1, "max_tokens": 8, "timings_per_token": False})
        self.assertEqual(chat["object"], "chat.completion")

    def test_answers_curl(self):
        self.serve()
        run = subprocess.run(["curl", "-sS", "--fail", f"http://localhost:{self.port}/v1/completions",
                              "-d", '{"prompt": "def add(a, b):", "max_tokens": 4}'],
                             timeout=60, capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(run.stdout)["usage"]["completion_tokens"], 4)

    def test_keeps_a_chat_to_a_schema(self):
        self.serve()
        schema = {"type": "object", "additionalProperties": False, "required": ["title", "stars", "tags"],
                  "properties": {"title": {"type": "string", "maxLength": 20},
                                 "stars": {"type": "integer", "minimum": 1, "maximum": 5},
                                 "tags": {"type": "array", "items": {"enum": ["bug", "style"]}, "maxItems": 2}}}
        wanted = {"messages": [{"role": "user", "content": "Rate it."}], "max_tokens": 200, "response_format":
                  {"type": "json_schema", "json_schema": {"name": "rating", "strict": True, "schema": schema}}}
        choice = self.post("/v1/chat/completions", wanted)["choices"][0]
        self.assertEqual(choice["finish_reason"], "stop")
        rating = json.loads(choice["message"]["content"])
        self.assertEqual(list(rating), ["title", "stars", "tags"])
        self.assertLessEqual(len(rating["title"]), 20)
        self.assertIn(rating["stars"], range(1, 6))
        self.assertLessEqual(set(rating["tags"]), {"bug", "style"})
        events = self.events("/v1/chat/completions", wanted)
        deltas = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events[:-1]]
        self.assertEqual("".join(deltas), choice["message"]["content"])

    def test_logs_what_it_refuses_and_none_of_its_content(self):
        token = pathlib.Path(self.folder.name) / "token"
        token.write_text("0123456789abcdef0123\n")
        log = pathlib.Path(self.folder.name) / "log"
        self.serve("--http-token-file", str(token), "--log-file", str(log))
        secret = "content-that-nobody-may-log"
        self.assertEqual(self.ask("POST", "/v1/completions", {"prompt": secret}, host="evil.example").status, 403)
        self.assertEqual(self.ask("POST", "/v1/completions", {"prompt": secret}, Origin=f"http://{secret}").status, 403)
        self.assertEqual(self.ask("POST", "/v1/completions", {"prompt": secret}).status, 401)
        self.assertEqual(self.ask("POST", "/v1/completions", {"prompt": secret}, Authorization=f"Bearer {secret}").status, 401)
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + secret.encode())
            self.assertIn(b" 413 ", client.recv(100))
        text = log.read_text()
        self.assertEqual(text.count("refused an HTTP request"), 5, text)
        self.assertNotIn(secret, text)
        self.assertNotIn("evil.example", text)

    def begin_stream(self, max_tokens):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.addCleanup(client.close)
        body = json.dumps({"prompt": "x", "max_tokens": max_tokens, "stream": True, "temperature": 1}).encode()
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertIn(b" 200 ", client.recv(1000))
        return client

    def test_finishes_what_is_under_way_before_it_leaves(self):
        daemon = self.serve()
        client = self.begin_stream(400)
        daemon.terminate()
        received = b""
        while piece := client.recv(1 << 16):
            received += piece
        self.assertTrue(received.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"), received[-200:])
        self.assertEqual(daemon.wait(timeout=60), 0)

    def test_begins_nothing_when_it_leaves_and_ends(self):
        daemon = self.serve()
        client = self.begin_stream(100000)
        daemon.terminate()
        end = time.monotonic() + 60
        while (answer := self.ask("GET", "/health")).status == 200:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(answer.status, 503)
        self.assertIn(b"draining", answer.read())
        self.assertEqual(self.ask("POST", "/v1/completions", {"prompt": "x"}).status, 503)
        self.assertEqual(daemon.wait(timeout=60), 0)
        while client.recv(1 << 16):
            self.assertLess(time.monotonic(), end)


if __name__ == "__main__":
    FATHOM = sys.argv.pop(1)
    unittest.main(verbosity=2)
