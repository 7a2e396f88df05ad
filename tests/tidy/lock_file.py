"""The lock file pins what npm fetches without saying from where: any registry will do."""

import json

import tidy

LOCK = "third_party/package-lock.json"


def check(tree):
    if LOCK not in tree.paths:
        yield f"{LOCK} is missing"
        return
    for name, package in json.loads(tree.read(LOCK))["packages"].items():
        if name == "":
            continue
        if "resolved" in package:
            yield f"{LOCK}: {name} says where to fetch it from (resolved)"
        if "integrity" not in package:
            yield f"{LOCK}: {name} has no checksum (integrity)"


SAMPLES = [
    ({LOCK: '{"packages": {"": {}, "a": {"resolved": "x", "integrity": "y"}, "b": {}}}'},
     ["(resolved)", "(integrity)"]),
    ({LOCK: '{"packages": {"": {}, "a": {"integrity": "y"}}}'}, []),
    ({}, ["is missing"]),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
