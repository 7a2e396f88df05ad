"""Changes with one planted defect each, and as many without, for `fathom eval review`.

    make_defects.py [--seed N] > defects.jsonl

12 kinds of defects in 10 languages: 120 changes that add one function with a defect, and the same 120
functions without it, in other files under other names. A line of the output is one change:

    id, language, kind, path     what it is; kind is the kind of defect, also of its clean twin
    text                         the whole file after the change
    diff                         the change
    defects                      [{begin, end}] lines of `text`; empty for a clean change

The same seed gives the same bytes.
"""

import argparse
import difflib
import json
import random

from languages import LANGUAGES

NOUNS = "order invoice parcel ticket account sensor player voucher segment booking reading payment".split()


# A kind: (language, noun, is_defect) -> (name, parameters, type of the result, body).
# What is marked is where a reviewer should point.


def off_by_one(l, noun, bad):
    items, i, total = l.v(f"{noun}s"), l.v("i"), l.v("total")
    loop = ("while", f"{i} {'<=' if bad else '<'} {l.length(items)}",
            [("set", "total", f"{total} + {l.at(items, i)}"), ("set", "i", f"{i} + 1")])
    return f"sum_{noun}s", [(f"{noun}s", "list")], "int", [
        ("let", "total", "int", "0"), ("let", "i", "int", "0"), ("mark", loop) if bad else loop, ("return", total)]


def division_by_zero(l, noun, bad):
    total, count = l.v("total"), l.v(f"{noun}_count")
    result = ("return", f"{total} / {count}")
    guard = [] if bad else [("if", f"{count} == 0", [("return", "0")])]
    return f"mean_{noun}", [("total", "int"), (f"{noun}_count", "int")], "int", [
        *guard, ("mark", result) if bad else result]


def null_dereference(l, noun, bad):
    thing = l.v(noun)
    test = ("if", l.is_thing(thing) if bad else l.is_null(thing), [("return", "0")])
    return f"{noun}_value", [(noun, "thing")], "int", [
        ("mark", test) if bad else test, ("return", l.field(thing, "value"))]


def wrong_operator(l, noun, bad):
    left, used = l.v(f"{noun}_limit"), l.v("used")
    result = ("let", "left", "int", f"{left} {'+' if bad else '-'} {used}")
    return f"{noun}_left", [(f"{noun}_limit", "int"), ("used", "int")], "int", [
        ("mark", result) if bad else result, ("return", l.v("left"))]


def swapped_arguments(l, noun, bad):
    low, high = l.v("lowest"), l.v("highest")
    call = ("return", l.call("clamp", l.v(noun), *((high, low) if bad else (low, high))))
    return f"limited_{noun}", [(noun, "int"), ("lowest", "int"), ("highest", "int")], "int", [
        ("mark", call) if bad else call]


def wrong_variable(l, noun, bad):
    items, i, best = l.v(f"{noun}s"), l.v("i"), l.v("largest")
    result = ("return", l.at(items, "0") if bad else best)
    return f"largest_{noun}", [(f"{noun}s", "list")], "int", [
        ("let", "largest", "int", l.at(items, "0")), ("let", "i", "int", "1"),
        ("while", f"{i} < {l.length(items)}",
         [("if", f"{l.at(items, i)} > {best}", [("set", "largest", l.at(items, i))]), ("set", "i", f"{i} + 1")]),
        ("mark", result) if bad else result]


def resource_leak(l, noun, bad):
    early = [("mark", ("return", "0"))] if bad else [("do", l.call("close_file", l.v("handle"))), ("return", "0")]
    return f"read_{noun}", [("path", "str")], "int", [
        ("let", "handle", "int", l.call("open_file", l.v("path"))),
        ("let", "size", "int", l.call("size_of_file", l.v("handle"))),
        ("if", f"{l.v('size')} == 0", early),
        ("let", "value", "int", l.call("read_number", l.v("handle"))),
        ("do", l.call("close_file", l.v("handle"))), ("return", l.v("value"))]


def inverted_condition(l, noun, bad):
    age, limit = l.v(f"{noun}_age"), l.v("max_age")
    test = ("if", f"{age} {'<' if bad else '>'} {limit}", [("return", l.true)])
    return f"is_{noun}_expired", [(f"{noun}_age", "int"), ("max_age", "int")], "bool", [
        ("mark", test) if bad else test, ("return", l.false)]


def endless_loop(l, noun, bad):
    left, n = l.v("left"), l.v("batches")
    body = [("set", "batches", f"{n} + 1")] + ([] if bad else [("set", "left", f"{left} - 10")])
    loop = ("while", f"{left} > 0", body)
    return f"{noun}_batches", [(f"{noun}_count", "int")], "int", [
        ("let", "left", "int", l.v(f"{noun}_count")), ("let", "batches", "int", "0"),
        ("mark", loop) if bad else loop, ("return", n)]


def sql_injection(l, noun, bad):
    name = l.v("name")
    if bad:
        query = l.concat(l.text(f"SELECT id FROM {noun}s WHERE name = '"), name, l.text("'"))
        return f"find_{noun}", [("name", "str")], "int", [
            ("mark", ("return", l.call("query_number", query)))]
    return f"find_{noun}", [("name", "str")], "int", [
        ("return", l.call("query_number", l.text(f"SELECT id FROM {noun}s WHERE name = ?"), name))]


def ignored_error(l, noun, bad):
    result = ("return", l.true if bad else l.v("saved"))
    return f"save_{noun}", [(noun, "int")], "bool", [
        ("let", "saved", "bool", l.call("write_number", l.v(noun))), ("mark", result) if bad else result]


def wrong_unit(l, noun, bad):
    seconds = l.v("timeout_seconds")
    call = ("return", l.call("wait_milliseconds", seconds if bad else f"{seconds} * 1000"))
    return f"wait_for_{noun}", [("timeout_seconds", "int")], "bool", [("mark", call) if bad else call]


KINDS = [off_by_one, division_by_zero, null_dereference, wrong_operator, swapped_arguments, wrong_variable,
         resource_leak, inverted_condition, endless_loop, sql_injection, ignored_error, wrong_unit]


def helpers(l):
    """What stands around the added function, and is right."""
    value, low, high = l.v("value"), l.v("low"), l.v("high")
    clamp = [("if", f"{value} < {low}", [("return", low)]), ("if", f"{value} > {high}", [("return", high)]),
             ("return", value)]
    larger = [("if", f"{l.v('a')} > {l.v('b')}", [("return", l.v("a"))]), ("return", l.v("b"))]
    even = [("return", f"{value} % 2 == 0")]
    return [l.function("clamp", [("value", "int"), ("low", "int"), ("high", "int")], "int", clamp)[0],
            l.function("larger_of", [("a", "int"), ("b", "int")], "int", larger)[0],
            l.function("is_even", [("value", "int")], "bool", even)[0]]


def lines_of(l, functions):
    lines = list(l.header)
    for n, function in enumerate(functions):
        lines += ([""] if n else []) + function
    return lines + list(l.footer)


def change(rng, number, l, kind, bad):
    noun = rng.choice(NOUNS)
    added, marks = l.function(*kind(l, noun, bad))
    others = helpers(l)
    rng.shuffle(others)
    at = rng.randint(1, len(others))
    before = lines_of(l, others)
    after = lines_of(l, others[:at] + [added] + others[at:])
    # Where the function begins: everything before it, and the empty line between.
    begin = len(l.header) + sum(len(f) + 1 for f in others[:at]) + 1
    path = f"src/{noun}_{number:03}.{l.extension}"
    patch = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}", lineterm="")
    return {"id": f"{kind.__name__}-{l.name}-{'defect' if bad else 'clean'}", "language": l.name,
            "kind": kind.__name__, "path": path, "text": "\n".join(after) + "\n",
            "diff": "\n".join([f"diff --git a/{path} b/{path}", *patch]) + "\n",
            "defects": [{"begin": begin + m, "end": begin + m} for m in marks]}


def changes(seed):
    rng = random.Random(seed)
    cases = [(l, kind, bad) for kind in KINDS for l in LANGUAGES for bad in (True, False)]
    rng.shuffle(cases)  # so that a part of the set is a fair sample of it
    return [change(rng, number, *case) for number, case in enumerate(cases)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=8)
    for row in changes(parser.parse_args().seed):
        print(json.dumps(row))
