"""What goes over the wire to a server, by the packets themselves: nothing unasked, and no secrets.

    python3 tests/e2e/remote_capture_test.py path/to/fathom

Exit status 77, with the reason, where this user may not capture packets on the loopback interface (CAP_NET_RAW).
"""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

FATHOM = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
IN_DOCUMENT = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"
IN_OTHER_FILE = "ghp_" + "Z9y8X7w6V5u4T3s2R1q0" + "P9o8N7m6L5k4J3i2"
IN_QUESTION = "ghp_" + "QqWwEeRrTtYyUuIiOoPp" + "1122334455667788"
IN_SECRET_FILE = "hunter2-and-more"
SOL_PACKET, PACKET_STATISTICS, PACKET_OUTGOING = 263, 6, 4


def open_loopback() -> socket.socket:
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
    capture.bind(("lo", 0))
    return capture


class Capture(threading.Thread):
    """All that is sent to one port of 127.0.0.1, by its packets."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.socket = open_loopback()
        self.n_connections = 0
        self.pieces: dict[int, dict[int, bytes]] = {}  # by the client's port and the sequence number
        self.start()

    def run(self) -> None:
        while True:
            try:
                packet, address = self.socket.recvfrom(1 << 17)
            except OSError:
                return
            if address[2] != PACKET_OUTGOING:  # each is seen twice, as it leaves and as it comes
                self.take(packet[14:])

    def take(self, ip: bytes) -> None:
        if ip[9] != socket.IPPROTO_TCP:
            return
        size = struct.unpack_from("!H", ip, 2)[0] or len(ip)
        tcp = ip[4 * (ip[0] & 15):size]
        source, target, sequence = struct.unpack_from("!HHI", tcp)
        if target != self.port:
            return
        self.n_connections += bool(tcp[13] & 2)  # SYN
        if payload := tcp[4 * (tcp[12] >> 4):]:
            self.pieces.setdefault(source, {})[sequence] = payload

    def sent(self) -> bytes:
        return b"\n".join(b"".join(payload for _, payload in sorted(pieces.items()))
                          for pieces in list(self.pieces.values()))

    def wait_for(self, marker: bytes) -> bytes:
        """Packets come in order: whatever was sent before the marker is here with it."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(marker)
            deadline = time.monotonic() + 60
            while marker not in self.sent():
                if time.monotonic() > deadline:
                    raise TimeoutError("the capture does not see what is sent")
                time.sleep(0.01)
        _, n_dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        if n_dropped:
            raise OSError(f"the capture has lost {n_dropped} packets")
        return self.sent()


class TextServer(http.server.BaseHTTPRequestHandler):
    """OpenAI-compatible, takes text only: what it is asked can be read on the wire."""
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self) -> None:
        found = self.path == "/v1/models"
        self.answer(200 if found else 404, json.dumps({"data": [{"id": "m"}]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/completions" or not isinstance(body["prompt"], str):
            return self.answer(400, "{}")
        reply = json.dumps({"choices": [{"text": "a + b", "finish_reason": "stop"}]})
        if body["stream"]:
            return self.answer(200, f"data: {reply}\n\ndata: [DONE]\n\n", "text/event-stream")
        return self.answer(200, reply)

    def log_message(self, *_: object) -> None:
        pass


class WireTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fathom-capture-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TextServer)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{port}"
        self.write("config/fathom/fathom.toml",
                   f'[engine]\nmodel = "{ROOT}/models/nano/fathom-nano.gguf"\n'
                   f'[remote]\ncompletion_url = "{self.origin}"\n')
        self.write("project/.fathom.toml", "")
        self.write("project/.env", f"PASSWORD={IN_SECRET_FILE}\n")
        self.write("project/settings.py", f'def connect_to(host, key="{IN_OTHER_FILE}"):\n    return open(host)\n')
        self.write("project/a.py", "from settings import connect_to\n\n"
                   f'TOKEN = "{IN_DOCUMENT}"\n\ndef add(a, b):\n    connect_to(a)\n    return \n')
        self.environment = os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config"),
                                         "XDG_STATE_HOME": str(self.folder / "state")}
        self.capture = Capture(port)
        self.addCleanup(self.capture.socket.close)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_all(self) -> list[subprocess.CompletedProcess]:
        commands = (("complete", "a.py:7:12"), ("explain", "a.py", "--question", f"what is {IN_QUESTION} for?"),
                    ("complete", ".env:1:10"), ("explain", ".env"))
        return [subprocess.run([FATHOM, *command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                               cwd=self.folder / "project", env=self.environment, timeout=120)
                for command in commands]

    def test_nothing_is_sent_before_somebody_allows_it(self) -> None:
        for run in self.run_all():
            self.assertNotEqual(run.returncode, 0)
        self.assertEqual(self.capture.wait_for(b"MARKER"), b"MARKER")
        self.assertEqual(self.capture.n_connections, 1, "the marker's")

    def test_no_secret_is_sent(self) -> None:
        self.write("state/fathom/remote-consent", f"{self.origin} {self.folder.resolve()}\n")
        complete, explain, *_ = self.run_all()
        self.assertEqual((complete.returncode, explain.returncode), (0, 0), complete.stderr + explain.stderr)
        sent = self.capture.wait_for(b"MARKER").decode()
        for code in ("TOKEN = ", "def connect_to(host, key=", "def add(a, b):", "what is ", " for?"):
            self.assertIn(code, sent.replace('\\"', '"'), "what is no secret is sent")
        for secret in (IN_DOCUMENT, IN_OTHER_FILE, IN_QUESTION, IN_SECRET_FILE):
            for begin in range(4, len(secret) - 12, 4):  # nor a piece of it
                self.assertNotIn(secret[begin:begin + 12], sent)


if __name__ == "__main__":
    FATHOM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    try:
        open_loopback().close()
    except PermissionError as error:
        print(f"packets on the loopback interface cannot be captured: {error}")
        sys.exit(77)
    unittest.main()
