"""Writes the editing traces for `fathom bench typing` from the sessions in sessions.py.

    python3 bench/traces/make_trace.py NAME > bench/traces/NAME.json

The time before each key is drawn once, with a fixed seed, from how fast people type (log-normal,
median 130 ms, longer before a word and after a move). README.md describes the format.
"""

from __future__ import annotations

import json
import pathlib
import random
import sys
from typing import Any

from sessions import SESSIONS, Session

CLOSERS = {"(": ")", "[": "]", "{": "}", '"': '"'}


def milliseconds(rng: random.Random, key: str, moved: bool) -> int:
    median = 900 if moved else 260 if key in " \n(" else 130
    return round(min(4000, rng.lognormvariate(0, 0.45) * median))


def split_keys(text: str) -> list[str]:
    """Keys of a text: characters, and line breaks together with the blanks behind them."""
    keys: list[str] = []
    for c in text:
        if c in " \t" and keys and keys[-1].startswith("\n"):
            keys[-1] += c
        else:
            keys.append(c)
    return keys


class Player:
    """Plays a session on its text, so that anchors are found where they are by then."""

    def __init__(self, session: Session, text: str) -> None:
        self.session, self.text = session, text
        self.rng = random.Random(3)
        self.cursor, self.moved = 0, False
        self.events: list[list[Any]] = []

    def emit(self, key: str, *event: Any) -> None:
        self.events.append([milliseconds(self.rng, key, self.moved), *event])

    def move(self, cursor: int) -> None:
        self.cursor, self.moved = cursor, True
        before = self.text[:cursor]
        self.events.append([0, "move", before.count("\n") + 1, cursor - before.rfind("\n")])

    def insert(self, before: str, after: str = "") -> None:
        self.text = self.text[:self.cursor] + before + after + self.text[self.cursor:]
        self.cursor, self.moved = self.cursor + len(before), False

    def key(self, key: str) -> None:
        """One key, with what an editor that closes brackets makes of it."""
        behind = self.text[self.cursor:self.cursor + 1]
        before = self.text[self.cursor - 1:self.cursor]
        at_end = behind in ("", "\n", *CLOSERS.values())
        if not self.session.closes_brackets:
            self.emit(key, "type", key)
            self.insert(key)
        elif key == behind and key in CLOSERS.values():
            self.emit(key, "over")
            self.cursor, self.moved = self.cursor + 1, False
        elif key in CLOSERS and at_end and not (key == '"' and before == '"'):
            self.emit(key, "pair", key, CLOSERS[key])
            self.insert(key, CLOSERS[key])
        elif key.startswith("\n") and before in CLOSERS and behind == CLOSERS[before]:
            line = self.text[self.text.rfind("\n", 0, self.cursor) + 1:self.cursor]
            closing = "\n" + line[:len(line) - len(line.lstrip())]
            self.emit(key, "pair", key, closing)
            self.insert(key, closing)
        else:
            self.emit(key, "type", key)
            self.insert(key)

    def play(self, action: str, *arguments: Any) -> None:
        if action == "after":
            self.move(self.text.index(arguments[0]) + len(arguments[0]))
        elif action == "out":
            self.move(self.text.index("}", self.cursor) + 1)
        elif action == "type":
            for key in split_keys(arguments[0]):
                self.key(key)
        elif action == "back":
            for _ in range(arguments[0]):
                self.emit("", "backspace")
                self.text = self.text[:self.cursor - 1] + self.text[self.cursor:]
                self.cursor, self.moved = self.cursor - 1, False
        else:
            self.emit("", action, *arguments)


def main() -> None:
    session = SESSIONS[sys.argv[1]]
    text = (pathlib.Path(__file__).parent / session.source).read_text(encoding="ascii")
    player = Player(session, text)
    for step in session.steps:
        player.play(*step)
    trace = {"path": session.path, "text": text, "events": player.events}
    print("{")
    print(f' "path": {json.dumps(trace["path"])},')
    print(f' "text": {json.dumps(trace["text"])},')
    print(' "events": [')
    print(",\n".join("  " + json.dumps(e) for e in trace["events"]))
    print(" ]\n}")
    if "--show" in sys.argv:
        print(player.text, file=sys.stderr)


if __name__ == "__main__":
    main()
