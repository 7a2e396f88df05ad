"""Plays a transcript against the real server: play_transcript.py FATHOM TRANSCRIPT.jsonl

A line is a comment (#) or a JSON object with one of these members, done in their order:

  {"send": MESSAGE}       a message; "jsonrpc" is added
  {"send_body": TEXT}     a message with this body, one byte for each character up to U+00FF
  {"send_raw": TEXT}      these bytes, without a header
  {"expect": PATTERN}     waits for a message that matches (lsp_client.mismatch explains patterns);
                          an answer to the same id that does not match is a failure
  {"start": PARAMS}       initialize with these parameters, initialized, waits for the model
  {"exit_code": N}        closes the input; the server must end with this code

At the end every request of the transcript must have got exactly one answer, and every answer to a
message that could not be read ("id": null) must have been expected.
"""

import json
import sys

from lsp_client import Client, Failure


def play(client, step):
    if "send" in step:
        client.send(step["send"])
    elif "send_body" in step:
        body = step["send_body"].encode("latin-1")
        client.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    elif "send_raw" in step:
        client.send_bytes(step["send_raw"].encode("latin-1"))
    elif "expect" in step:
        client.expect(step["expect"])
    elif "start" in step:
        client.start(step["start"])
    elif "exit_code" in step:
        code = client.finish()
        if code != step["exit_code"]:
            raise Failure(f"exit code {code}, not {step['exit_code']}")
    else:
        raise Failure("no such step")


def play_all(binary, transcript):
    """Plays a whole transcript; gives the client. Raises Failure."""
    with open(transcript, encoding="utf-8") as file:
        lines = file.read().splitlines()
    client = Client(binary)
    try:
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            try:
                play(client, json.loads(line))
            except Failure as failure:
                raise Failure(f"{transcript}:{number}: {failure}") from None
        client.finish()
        client.check_answers()
        unread = [m for m in client.received if m.get("id", 0) is None]
        if unread:
            raise Failure(f"{transcript}: answers nobody expected: {unread}")
    finally:
        client.process.kill()
    return client


if __name__ == "__main__":
    try:
        play_all(*sys.argv[1:])
    except Failure as failure:
        sys.exit(str(failure))
