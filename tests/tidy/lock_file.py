"""The lock files pin what npm fetches without saying from where: any registry will do."""

import json

import tidy

PACKAGE, LOCK = "a/package.json", "a/package-lock.json"  # of the samples


def check(tree):
    for path in tree.matching(("",), ("package.json",)):
        if path.startswith("tests/data/"):
            continue
        lock = path.replace("package.json", "package-lock.json")
        if lock not in tree.paths:
            yield f"{lock} is missing"
            continue
        for name, package in json.loads(tree.read(lock))["packages"].items():
            if name == "":
                continue
            if "resolved" in package:
                yield f"{lock}: {name} says where to fetch it from (resolved)"
            if "integrity" not in package:
                yield f"{lock}: {name} has no checksum (integrity)"


SAMPLES = [
    ({PACKAGE: "", LOCK: '{"packages": {"": {}, "a": {"resolved": "x", "integrity": "y"}, "b": {}}}'},
     ["(resolved)", "(integrity)"]),
    ({PACKAGE: "", LOCK: '{"packages": {"": {}, "a": {"integrity": "y"}}}'}, []),
    ({PACKAGE: ""}, ["is missing"]),
]

if __name__ == "__main__":
    tidy.run(check, SAMPLES)
