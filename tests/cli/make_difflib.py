"""Writes tests/data/cli/difflib.json: pairs of texts and what Python's difflib says of them.

    python3 tests/cli/make_difflib.py > tests/data/cli/difflib.json
"""

import difflib
import json
import random


def pairs():
    rng = random.Random(5)
    yield from [("", ""), ("", "a"), ("abc", "abc"), ("abcd", "bcde"), ("tide", "diet"), ("diet", "tide")]
    yield "return a + b;", "return a - b;"
    yield "    for x in xs:", "for (x of xs) {"
    yield "gr\u00fc\u00dfe \u6f22\u5b57", "gru\u00dfe \u6f22"
    words = "if else return self value == None for in range len ( ) [ ] : + - 0 1".split()
    for length in (3, 10, 40, 120):
        for _ in range(12):
            a = " ".join(rng.choice(words) for _ in range(length))
            b = " ".join(w for w in a.split() if rng.random() < 0.8)
            yield a, b + rng.choice(["", " pass", "  # note"])
    for n in (198, 199, 200, 201, 450):  # 200 and longer: popular characters are left out
        yield "".join(rng.choice("ab cd") for _ in range(n)), "".join(rng.choice("ab cd") for _ in range(n))
        yield "x" * n, "x" * n


print("[")
print(",\n".join(json.dumps([a, b, difflib.SequenceMatcher(None, a, b).ratio()]) for a, b in pairs()))
print("]")
