"""What `fathom report` writes is what the formats' own schemas say.

    formats_test.py FATHOM schema     docs/review.schema.json, reviewdog's, JUnit's XML
    formats_test.py FATHOM sarif      the official schema; exit code 77 if it cannot be fetched
"""

import copy
import json
import pathlib
import random
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

import json_schema

ROOT = pathlib.Path(__file__).resolve().parents[2]
FATHOM = ""
SCHEMA = json.loads((ROOT / "docs/review.schema.json").read_text("utf-8"))

POSITION = {"type": "object", "additionalProperties": False, "required": ["line"],
            "properties": {"line": {"type": "integer", "minimum": 1}}}
RANGE = {"type": "object", "additionalProperties": False, "required": ["start", "end"],
         "properties": {"start": POSITION, "end": POSITION}}
# A Diagnostic of reviewdog's proto/rdf/reviewdog.proto, as far as fathom uses it.
RDJSON = {
    "type": "object", "additionalProperties": False,
    "required": ["message", "location", "severity", "source", "code"],
    "properties": {
        "message": {"type": "string"},
        "location": {"type": "object", "additionalProperties": False, "required": ["path", "range"],
                     "properties": {"path": {"type": "string"}, "range": RANGE}},
        "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
        "source": {"type": "object", "properties": {"name": {"const": "fathom"}}},
        "code": {"type": "object", "properties": {"value": {"type": "string"}}},
        "suggestions": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["range", "text"],
            "properties": {"range": RANGE, "text": {"type": "string"}}}},
    },
}

PATHS = [b"src/a.cpp", b"a b/c,d:e%.py", "\u00fcber/\u4e2d.rs".encode(), b"na\xefve.c", b"x\ny.go", b'q"<&>.js']
TEXTS = ["n may be 0", "a\n::error::b", "[l](x) <b>&amp; ]]> {0} @all #1", "\x1b[2J\x01\x7f", "\u202e\u200b", "",
         "\U0001f600 \ufffd", "x" * 3000]


def lines(rng, last=40):
    begin = rng.randint(1, last)
    return {"begin": begin, "end": rng.randint(begin, min(last, begin + 3))}


def place(rng):
    path = rng.choice(PATHS)
    return {"path": path.decode(errors="replace"), "uri": urllib.parse.quote(path, safe="/-._~")}


def finding(rng):
    result = {**place(rng), "lines": lines(rng), "severity": rng.choice(["note", "warning", "error"]),
              "category": rng.choice(["bug", "security", "secret"]), "confidence": rng.random(),
              "message": rng.choice(TEXTS), "quote": rng.choice(TEXTS),
              "fingerprint": f"{rng.getrandbits(64):016x}"}
    if rng.random() < 0.6:
        text = rng.choice(["", "\n", "a\n", "a\r\nb\r\n", "```\n/close\n", rng.choice(TEXTS) + "\n"])
        result["suggestion"] = {"lines": lines(rng), "replacement": text, "parses": rng.random() < 0.5,
                                "checked": rng.random() < 0.5}
    return result


def report(rng):
    """A valid one, with the worst that a diff could bring."""
    unreviewed = [{**place(rng), "lines": rng.choice([None, lines(rng)]), "reason": rng.choice(TEXTS),
                   "expected": rng.random() < 0.5} for _ in range(rng.randint(0, 3))]
    hunk = {"old_begin": 1, "old_count": 20, "new_begin": 1, "new_count": 40,
            "added": [{"begin": 3, "end": 9}, {"begin": 20, "end": 32}]}
    names = ("no_anchor not_added malformed duplicate low_confidence over_limit suppressed suggestions").split()
    return {"format": "fathom-review", "format_version": 1, "fathom_version": "0.1.0", "model": rng.choice(TEXTS),
            "complete": all(u["expected"] for u in unreviewed),
            "findings": [finding(rng) for _ in range(rng.randint(0, 5))], "unreviewed": unreviewed,
            "rejected": {name: rng.randint(0, 3) for name in names}, "hunks": 1, "prompt_tokens": 10,
            "output_tokens": 5,
            "files": [{"old_uri": urllib.parse.quote(p, safe="/-._~"), "new_uri": urllib.parse.quote(p, safe="/-._~"),
                       "status": "modified", "binary": False, "hunks": [hunk]} for p in PATHS]}


def convert(document, name):
    """The document in that format, or None if fathom refused it."""
    run = subprocess.run([FATHOM, "report", "-", "--format", name], input=json.dumps(document).encode(),
                         capture_output=True, check=False)
    if run.returncode != 0:
        assert run.returncode == 3 and run.stdout == b"" and run.stderr.startswith(b"fathom: "), run
        return None
    return run.stdout.decode("utf-8")  # strict: every document is UTF-8


def valid(value, schema, where):
    found = list(json_schema.errors(value, schema))
    assert not found, f"{where}: {found[:3]}"


def damaged(document, rng):
    """The document with one thing of it changed, removed or added."""
    document = copy.deepcopy(document)
    value = document
    while True:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        if not keys:
            return document
        key = rng.choice(list(keys))
        if isinstance(value[key], (dict, list)) and value[key] and rng.random() < 0.8:
            value = value[key]
            continue
        if isinstance(value, dict) and rng.random() < 0.3:
            value.pop(key)
        elif isinstance(value, dict) and rng.random() < 0.2:
            value["extra"] = 1
        else:
            value[key] = rng.choice([None, -1, 0, 1e300, 2**64, "", "../x", "/x", "a%zz", [], {}, True, "\x00"])
        return document


def test_schema():
    rng = random.Random(8)
    n_refused = 0
    for n in range(12):
        document = report(rng)
        valid(document, SCHEMA, f"report {n}")
        assert json.loads(convert(document, "json")) == {**document, "fathom_version": version()}
        for line in convert(document, "rdjsonl").splitlines():
            valid(json.loads(line), RDJSON, "rdjsonl")
        for issue in json.loads(convert(document, "gitlab")):
            assert issue["location"]["lines"]["begin"] >= 1 and issue["fingerprint"]
        suite = xml.etree.ElementTree.fromstring(convert(document, "junit")).find("testsuite")
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
        for line in convert(document, "github").splitlines():
            assert line.startswith(("::error ", "::warning ", "::notice ")), line
        for _ in range(25):
            broken = damaged(document, rng)
            if convert(broken, "json") is None:
                n_refused += 1
            else:
                valid(broken, SCHEMA, "what fathom reads is what the schema allows")
    assert n_refused > 100, n_refused
    print(f"{n_refused} of 300 damaged reports were refused, the others are valid")


def version():
    return subprocess.run([FATHOM, "--version"], capture_output=True, check=True).stdout.decode().split()[1]


def test_sarif():
    fetched = subprocess.run([ROOT / "scripts/sarif_schema.sh"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        print(fetched.stderr.strip() or "the schema of SARIF cannot be fetched")
        sys.exit(77)
    schema = json.loads(pathlib.Path(fetched.stdout.strip()).read_text("utf-8"))
    assert list(json_schema.errors({"version": "2.1.0", "runs": [{}]}, schema)), "the schema refuses nothing"
    rng = random.Random(9)
    for n in range(40):
        document = report(rng)
        log = json.loads(convert(document, "sarif"))
        valid(log, schema, f"report {n}")
        results = log["runs"][0]["results"]
        assert len(results) == len(document["findings"])
        for result, found in zip(results, document["findings"]):
            physical = result["locations"][0]["physicalLocation"]
            assert physical["artifactLocation"]["uri"] == found["uri"]
            assert physical["region"]["startLine"] == found["lines"]["begin"]
            assert physical["region"]["endLine"] == found["lines"]["end"]
            assert result["message"]["text"], "GitHub takes no empty texts"
            assert ("fixes" in result) == ("suggestion" in found)


if __name__ == "__main__":
    FATHOM = sys.argv[1]
    {"schema": test_schema, "sarif": test_sarif}[sys.argv[2]]()
