"""A host's API on this machine: what GitHub's and GitLab's have in common, and faults to order."""

import http.server
import json
import re
import subprocess
import threading
import urllib.parse


class Answer(Exception):
    """Ends a request with a status other than success."""

    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Loopback:
    """Serves `routes()`: (method, pattern of the path, function(match, query, body)) rows."""

    def __init__(self):
        self.requests = []  # "METHOD path" of all that came
        self.faults = []  # of the next requests, in order: Answer, or None for none
        self.may_write = True
        self.lose_answer_to = None  # a method whose next request is carried out, but answered with 502
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def handle_any(self):
                host._handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def count(self, start):
        return sum(r.startswith(start) for r in self.requests)

    def _handle(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        text = handler.rfile.read(length)
        self.requests.append(f"{handler.command} {parts.path}")
        try:
            fault = self.faults.pop(0) if self.faults else None
            if fault:
                raise fault
            self.authorise(handler.headers)
            if handler.command != "GET" and not self.may_write:
                raise Answer(403, "Resource not accessible by integration")
            query = dict(urllib.parse.parse_qsl(parts.query))
            result = self._route(handler.command, parts.path, query, json.loads(text) if text else None)
            if self.lose_answer_to == handler.command:
                self.lose_answer_to = None
                raise Answer(502, "Bad gateway")
            self._send(handler, 200, result, {})
        except Answer as answer:
            self._send(handler, answer.status, {"message": answer.message}, answer.headers)

    def _route(self, method, path, query, body):
        for of_method, pattern, function in self.routes():
            match = re.fullmatch(pattern, path)
            if match and method == of_method:
                result = function(match, query, body)
                return page(result, query) if method == "GET" and isinstance(result, list) else result
        raise Answer(404, f"Not Found: {method} {path}")

    @staticmethod
    def _send(handler, status, result, headers):
        data = json.dumps(result).encode()
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": len(data), **headers}.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(data)


def page(items, query):
    size = min(int(query.get("per_page", 30)), 100)
    first = (int(query.get("page", 1)) - 1) * size
    return items[first:first + size]


def git(repository, *arguments):
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True).stdout.decode()


def diffs(repository, base, head):
    """[(path, text of the hunks)] of a change, as hosts show it."""
    result = []
    for path in git(repository, "diff", "--name-only", f"{base}...{head}").splitlines():
        text = git(repository, "diff", f"{base}...{head}", "--", path)
        result.append((path, text[text.index("@@"):] if "@@" in text else ""))
    return result


def sides(hunks):
    """[[(old line or 0, new line or 0)]], a list for each hunk."""
    result = []
    for hunk in re.split(r"^(?=@@ )", hunks, flags=re.MULTILINE):
        header = re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", hunk)
        if not header:
            continue
        old, new, rows = int(header[1]), int(header[2]), []
        for line in hunk.split("\n")[1:]:
            if line.startswith("+"):
                rows.append((0, new))
            elif line.startswith("-"):
                rows.append((old, 0))
            elif line.startswith(" "):
                rows.append((old, new))
            old += line.startswith((" ", "-"))
            new += line.startswith((" ", "+"))
        result.append(rows)
    return result
