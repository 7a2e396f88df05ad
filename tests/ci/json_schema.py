"""A JSON Schema validator: what draft-04 and draft-07 schemas of reports use of it, nothing else.

A keyword that it does not know is an error, so that no rule of a schema is passed over.
"""

import re

ANNOTATIONS = {"$schema", "id", "$id", "title", "description", "default", "definitions", "format"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def errors(value, schema, root=None, where=""):
    """What is wrong with `value`, a text each."""
    root = root or schema
    if "$ref" in schema:  # of which siblings do not count
        target = root
        for part in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[part] if part else target
        yield from errors(value, target, root, where)
        return
    for keyword, rule in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword not in KEYWORDS:
            raise ValueError(f"{keyword} is not a keyword that this validator knows")
        yield from KEYWORDS[keyword](value, rule, schema, root, where)


def check_type(value, rule, _schema, _root, where):
    if not any(TYPES[t](value) for t in ([rule] if isinstance(rule, str) else rule)):
        yield f"{where}: {value!r:.60} is no {rule}"


def check_properties(value, rule, _schema, root, where):
    for name, schema in rule.items():
        if isinstance(value, dict) and name in value:
            yield from errors(value[name], schema, root, f"{where}/{name}")


def check_additional(value, rule, schema, root, where):
    for name in value if isinstance(value, dict) else ():
        if name in schema.get("properties", {}):
            continue
        if rule is False:
            yield f"{where}/{name}: not allowed"
        elif isinstance(rule, dict):
            yield from errors(value[name], rule, root, f"{where}/{name}")


def check_items(value, rule, _schema, root, where):
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield from errors(item, rule, root, f"{where}/{index}")


def check_required(value, rule, _schema, _root, where):
    yield from (f"{where}/{n}: missing" for n in rule if isinstance(value, dict) and n not in value)


def check_any_of(value, rule, _schema, root, where):
    found = [list(errors(value, schema, root, where)) for schema in rule]
    if all(found):
        yield f"{where}: none of {len(rule)} alternatives: {min(found, key=len)}"


def check_one_of(value, rule, _schema, root, where):
    n = sum(not list(errors(value, schema, root, where)) for schema in rule)
    if n != 1:
        yield f"{where}: {n} of {len(rule)} alternatives"


def of(kind, holds, message):
    """A rule on values of one type; others are not its business."""

    def check(value, rule, _schema, _root, where):
        if TYPES[kind](value) and not holds(value, rule):
            yield f"{where}: {value!r:.60} {message} {rule!r:.60}"

    return check


KEYWORDS = {
    "type": check_type,
    "properties": check_properties,
    "additionalProperties": check_additional,
    "items": check_items,
    "required": check_required,
    "anyOf": check_any_of,
    "oneOf": check_one_of,
    "const": lambda v, r, _s, _r, w: [] if v == r and type(v) is type(r) else [f"{w}: is not {r}"],
    "enum": lambda v, r, _s, _r, w: [] if v in r else [f"{w}: {v!r} is none of {r}"],
    "pattern": of("string", lambda v, r: re.search(r, v), "does not match"),
    "minLength": of("string", lambda v, r: len(v) >= r, "is shorter than"),
    "minimum": of("number", lambda v, r: v >= r, "is less than"),
    "maximum": of("number", lambda v, r: v <= r, "is more than"),
    "minItems": of("array", lambda v, r: len(v) >= r, "has fewer items than"),
    "uniqueItems": of("array", lambda v, r: all(a not in v[:i] for i, a in enumerate(v)), "repeats"),
}
