"""What comments on GitHub and GitLab have in common: a hidden mark says which finding one is about."""

import dataclasses
import re

MARK = re.compile(r"<!-- fathom:([0-9a-f]{8,128}) -->\s*\Z")
BATCH = 30  # more in one review is taken for abuse (reviewdog's experience)


@dataclasses.dataclass(frozen=True)
class Comment:
    fingerprint: str
    body: dict  # of the request that posts it


@dataclasses.dataclass(frozen=True)
class Existing:
    fingerprint: str
    id: object
    has_replies: bool
    is_resolved: bool = False


def fingerprint(text):
    """Of the mark that a comment ends with; "" if it has none."""
    match = MARK.search(text or "")
    return match[1] if match else ""
