"""The layouts of docs/team.md, as they stand there: team_test.py FATHOM"""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

PAGE = pathlib.Path("docs/team.md").read_text()
TOKEN = "0123456789abcdef0123"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Team(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        os.chmod(self.folder, 0o700)

    def run_beside(self, arguments, **options):
        process = subprocess.Popen(arguments, text=True, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def serve(self):
        (self.folder / "token").write_text(TOKEN + "\n")
        names = ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
        daemon = self.run_beside([FATHOM, "serve", "--http", "0", "--http-token-file", self.folder / "token"],
                                 env={**os.environ, **dict.fromkeys(names, str(self.folder))}, stdout=subprocess.PIPE)
        self.addCleanup(daemon.stdout.close)
        return re.search(r"http://localhost:(\d+)", daemon.stdout.readline())[1]

    def start_nginx(self, fathom_port):
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
        self.port = free_port()
        server = blocks("nginx")[0]
        for written, here in {"listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl", "127.0.0.1:8012": f"127.0.0.1:{fathom_port}",
                              "/etc/ssl/fathom/fullchain.pem": str(certificate), "/etc/ssl/fathom/key.pem": str(key)}.items():
            self.assertIn(written, server)
            server = server.replace(written, here)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"daemon off; master_process off; pid {self.folder}/nginx.pid;\nevents {{}}\n"
                                                f"http {{\naccess_log off;\n{temporary}{server}}}\n")
        nginx = self.run_beside(["nginx", "-e", "stderr", "-p", self.folder, "-c", self.folder / "nginx.conf"])
        end = time.monotonic() + 30
        while True:
            self.assertIsNone(nginx.poll(), "nginx ended")
            self.assertLess(time.monotonic(), end)
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                time.sleep(0.05)
        self.context = ssl.create_default_context(cafile=certificate)

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)
        self.addCleanup(connection.close)
        connection.request(method, path, json.dumps(body) if body else None,
                           {"Host": "fathom.example", "Authorization": f"Bearer {TOKEN}", **headers})
        return connection.getresponse()

    def test_nginx_hands_on_what_is_asked_and_how_it_is_answered(self):
        self.start_nginx(self.serve())
        self.assertEqual(self.ask("GET", "/health").status, 200)
        self.assertEqual(self.ask("GET", "/health", Authorization="Bearer wrong").status, 401)
        self.assertEqual(self.ask("GET", "/health", Origin="https://fathom.example").status, 403)
        self.assertEqual(self.ask("GET", "/metrics").status, 403)
        self.assertEqual(self.ask("POST", "/tokenize", {"content": "x" * (17 << 20)}).status, 413)
        question = {"prompt": "def add(a, b):", "max_tokens": 20}
        answer = json.loads(self.ask("POST", "/v1/completions", question).read())
        stream = self.ask("POST", "/v1/completions", {**question, "stream": True})
        self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
        events = re.findall(r"^data: (.*)$", stream.read().decode(), re.MULTILINE)
        self.assertEqual(events.pop(), "[DONE]")
        self.assertEqual("".join(json.loads(event)["choices"][0]["text"] for event in events), answer["choices"][0]["text"])

    def test_systemd_takes_the_units(self):
        for i, unit in enumerate(blocks("ini")):
            folder = self.folder / str(i)
            folder.mkdir()
            command = re.search(r"^ExecStart=(\S+) (.*)$", unit, re.MULTILINE)
            for option in re.findall(r"--[a-z-]+", command[2]):
                self.assertIn(option, HELP)
            (folder / "fathom.service").write_text(unit.replace(command[1], str(pathlib.Path(FATHOM).resolve())))
            user = ["--user"] if "%h" in command[1] else []
            run = subprocess.run(["systemd-analyze", *user, "--man=no", "verify", folder / "fathom.service"], timeout=60,
                                 capture_output=True, text=True, env={**os.environ, "XDG_RUNTIME_DIR": str(self.folder)})
            self.assertEqual((run.returncode, run.stderr), (0, ""))


if __name__ == "__main__":
    FATHOM = sys.argv.pop(1)
    os.environ["PATH"] += ":/usr/sbin"  # nginx
    for tool in ("nginx", "openssl", "systemd-analyze"):
        if not shutil.which(tool):
            print(f"skipped: there is no {tool}; scripts/setup.sh installs it")
            sys.exit(77)
    HELP = subprocess.run([FATHOM, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    unittest.main(verbosity=2)
