"""Writes an editing trace for `fathom bench typing` from a session noted down below.

    python3 bench/traces/make_trace.py bench/traces/prefix_tree.cpp.txt > bench/traces/prefix_tree.json

The session is what a person did to a file, step by step; the time before each key is drawn once,
with a fixed seed, from how fast people type (log-normal, median 130 ms, longer before a word and
after a move). README.md describes the format.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

# ("after", TEXT): puts the cursor behind the first occurrence of TEXT.
# ("type", TEXT): one key a character; a line break brings the indentation behind it, as editors do.
# ("back", N), ("follow", N), ("accept",): see README.md.
SESSION: list[tuple[Any, ...]] = [
    # A helper is written from scratch, with a slip and its correction.
    ("after", "int common_length(std::span<const TokenId> a, std::span<const TokenId> b) {\n"
              "  return static_cast<int>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first"
              " - a.begin());\n}\n"),
    ("type", "\n/// Number of tokens in all nodes from the root down to `node`.\n"),
    ("follow", 4),
    ("type", "int depth_of(const PrefixTree::Nod *"),
    ("back", 2),
    ("type", "e* node) {\n  int depth = 0;\n  "),
    ("follow", 6),
    ("type", "for (; node != nullptr; "),
    ("accept",),
    ("type", "node = node->parent)\n    "),
    ("follow", 3),
    ("type", "depth += static_cast<int>(node->tokens.size());\n    "),
    ("back", 2),
    ("type", "return depth;\n  "),
    ("back", 2),
    ("type", "}\n"),
    # A declaration in the class.
    ("after", "  /// Evicts every prefix that nobody holds.\n  void clear();\n"),
    ("type", "  /// Tokens of the longest prefix that is kept.\n  int longest"),
    ("follow", 5),
    ("type", "_prefix() const;\n"),
    # A condition is changed.
    ("after", "bool PrefixTree::make_free(int n) {\n  if (n_free() >= n"),
    ("back", 1),
    ("type", "wanted"),
    ("back", 6),
    ("type", "n"),
    # The definition, with a loop.
    ("after", "void PrefixTree::clear() {\n  while (Node* leaf = oldest_unused_leaf()) remove(leaf);\n}\n"),
    ("type", "\nint PrefixTree::longest_prefix() const {\n  int longest = 0;\n  "),
    ("follow", 8),
    ("type", "for_each_node(*root_, [&](const Node& node) {\n    "),
    ("accept",),
    ("type", "longest = std::max(longest, "),
    ("follow", 4),
    ("type", "depth_of(&node));\n    "),
    ("back", 2),
    ("type", "});\n  return "),
    ("follow", 3),
    ("type", "longest;\n  "),
    ("back", 2),
    ("type", "}\n"),
    # A guard at the top of a function, and a comment beside it.
    ("after", "void PrefixTree::truncate(Lease& lease, int size) {\n"),
    ("type", "  if (size == lease.size()) return;  // nothing to fre"),
    ("follow", 2),
    ("type", "e\n"),
    # An expression in the middle of a line.
    ("after", "  while (lease.size() > size"),
    ("type", " && !lease.slots_.empty()"),
    ("after", "const TokenId first = lower->tokens[0];\n"),
    ("type", "  FATHOM_ASSERT(first"),
    ("follow", 5),
    ("type", " >= 0);\n"),
]


def milliseconds(rng: random.Random, key: str, moved: bool) -> int:
    median = 900 if moved else 260 if key in " \n(" else 130
    return round(min(4000, rng.lognormvariate(0, 0.45) * median))


def split_keys(text: str) -> list[str]:
    """Keys of a text: characters, and line breaks together with the spaces behind them."""
    keys: list[str] = []
    for c in text:
        if c == " " and keys and keys[-1].startswith("\n"):
            keys[-1] += c
        else:
            keys.append(c)
    return keys


def events(text: str) -> list[list[Any]]:
    """Plays the session on the text, so that anchors are found where they are by then."""
    rng, out, cursor, moved = random.Random(3), [], 0, False
    for action, *arguments in SESSION:
        if action == "after":
            anchor = arguments[0]
            cursor = text.index(anchor) + len(anchor)
            before = text[:cursor]
            out.append([0, "move", before.count("\n") + 1, cursor - before.rfind("\n")])
            moved = True
        elif action == "type":
            for key in split_keys(arguments[0]):
                out.append([milliseconds(rng, key, moved), "type", key])
                text, cursor, moved = text[:cursor] + key + text[cursor:], cursor + len(key), False
        elif action == "back":
            for _ in range(arguments[0]):
                out.append([milliseconds(rng, "", moved), "backspace"])
                text, cursor, moved = text[:cursor - 1] + text[cursor:], cursor - 1, False
        else:
            out.append([milliseconds(rng, "", moved), action, *arguments])
    return out


def main() -> None:
    with open(sys.argv[1], encoding="ascii") as f:
        text = f.read()
    trace = {"path": "engine/prefix_tree.cpp", "text": text, "events": events(text)}
    print("{")
    print(f' "path": {json.dumps(trace["path"])},')
    print(f' "text": {json.dumps(trace["text"])},')
    print(' "events": [')
    print(",\n".join("  " + json.dumps(e) for e in trace["events"]))
    print(" ]\n}")


if __name__ == "__main__":
    main()
