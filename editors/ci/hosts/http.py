"""Requests to a host's JSON API: waits where the host says so, follows pages, and sends the token
nowhere else.

Python 3.9, standard library only, as everything that is run with a token.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_SECONDS = 60
MAX_PAGES = 100
MAX_ATTEMPTS = 5


class Refused(Exception):
    """The host's answer was no, for good."""

    def __init__(self, status, method, path, body):
        super().__init__(f"{method} {path}: {status} {body[:300]}")
        self.status = status


class Uncertain(Exception):
    """A change was sent and no answer came: it may have been made."""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """An API answers by itself; following it elsewhere would take the token along."""

    def redirect_request(self, *_):
        return None


class Api:
    """`headers` go with each request. No more than `max_wait_seconds` in all are spent on waiting."""

    def __init__(self, url, headers, max_wait_seconds=600, sleep=time.sleep):
        if urllib.parse.urlsplit(url).scheme not in ("https", "http"):
            raise ValueError(f"{url} is no address of an API")
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "fathom-ci", **headers}
        self._wait_left = max_wait_seconds
        self._sleep = sleep
        self._opener = urllib.request.build_opener(NoRedirects)

    def get(self, path):
        return self._request("GET", path)[0]

    def pages(self, path):
        """The items of all pages of a list."""
        separator = "&" if "?" in path else "?"
        items = []
        for page in range(1, MAX_PAGES + 1):
            found, _ = self._request("GET", f"{path}{separator}per_page=100&page={page}")
            items += found
            if len(found) < 100:
                break
        return items

    def send(self, method, path, body=None):
        return self._request(method, path, body)[0]

    def _request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(1, MAX_ATTEMPTS + 1):
            request = urllib.request.Request(self._url + path, data, dict(self._headers), method=method)
            if data is not None:
                request.add_header("Content-Type", "application/json")
            try:
                with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                    text = answer.read()
                    return (json.loads(text) if text else None), answer.headers
            except urllib.error.HTTPError as error:
                text = error.read().decode(errors="replace")
                wait = wait_seconds(error.code, error.headers, text, attempt)
                if wait is None or attempt == MAX_ATTEMPTS:
                    raise Refused(error.code, method, path, text) from None
                if error.code >= 500 and method == "POST":
                    raise Uncertain(f"{method} {path}: {error.code}") from None
                self._wait(wait, Refused(error.code, method, path, text))
            except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
                if method == "POST":
                    raise Uncertain(f"{method} {path}: {error}") from None
                if attempt == MAX_ATTEMPTS:
                    raise Refused(0, method, path, str(error)) from None
                self._wait(2**attempt, Refused(0, method, path, str(error)))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, seconds, refusal):
        if seconds > self._wait_left:
            raise refusal
        self._wait_left -= seconds
        print(f"fathom: the host asks to wait {seconds} s", file=sys.stderr)
        self._sleep(seconds)


def wait_seconds(status, headers, text, attempt):
    """How long to wait before asking again; None: asking again would not help."""
    if headers.get("Retry-After", "").isdigit():
        return int(headers["Retry-After"])
    reset = headers.get("X-RateLimit-Reset") or headers.get("RateLimit-Reset") or ""
    remaining = headers.get("X-RateLimit-Remaining") or headers.get("RateLimit-Remaining")
    if status in (403, 429) and remaining == "0" and reset.isdigit():
        return max(1, int(reset) - int(time.time()) + 1)
    if status == 429 or (status == 403 and "secondary rate limit" in text):
        return 60  # what GitHub asks for where it names no time
    if status >= 500:
        return 2**attempt
    return None
