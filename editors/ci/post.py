#!/usr/bin/env python3
"""Posts a review's findings as comments, each once, however often it runs.

    post.py github --repository OWNER/NAME --number N --head SHA REPORT.json
    post.py gitlab --project ID --number N --head SHA REPORT.json

The report may come from a stranger's job: `fathom report` reads it strictly and writes what is
posted, and only lines of the host's own diff get a comment. The token is FATHOM_TOKEN of the
environment. A comment whose finding is gone is removed unless somebody answered it, and stays where
the review is incomplete. Where the token may not write (a fork's), the findings go to the job's log.

Exit codes: 0 posted, or written to the log; 2 wrong usage or a report that is none; 3 the host failed.
"""

import argparse
import json
import os
import re
import subprocess
import sys

from hosts import comments
from hosts.github import PullRequest
from hosts.gitlab import MergeRequest
from hosts.http import Refused, Uncertain

MAX_ATTEMPTS = 3


class UsageError(Exception):
    """What the command line or the report has wrong."""


def converted(fathom, report, name):
    """The report in a format, by fathom, which refuses what is no report."""
    run = subprocess.run([fathom, "report", report, "--format", name], capture_output=True, check=False,
                         env={k: v for k, v in os.environ.items() if k != "FATHOM_TOKEN"})
    if run.returncode != 0:
        raise UsageError(run.stderr.decode(errors="replace").strip())
    return run.stdout.decode()


def post_missing(host, wanted):
    """Posts what is not there; the comments that were taken."""
    taken = []
    for _ in range(MAX_ATTEMPTS):
        there = {e.fingerprint for e in host.existing()}
        missing = [c for c in wanted if c.fingerprint not in there]
        missing = list({c.fingerprint: c for c in missing}.values())
        try:
            for begin in range(0, len(missing), comments.BATCH):
                taken += host.post(missing[begin:begin + comments.BATCH])
            return taken
        except Uncertain as uncertain:  # look again which of them are there
            print(f"fathom: {uncertain}; looking again", file=sys.stderr)
            last = uncertain
    raise last


def remove_stale(host, wanted):
    """Removes our comments on findings that are gone; how many."""
    current = {c.fingerprint for c in wanted}
    stale = [e for e in host.existing()
             if e.fingerprint not in current and not e.has_replies and not e.is_resolved]
    for existing in stale:
        host.remove(existing)
    return len(stale)


def post(host, report, fathom):
    is_complete = json.loads(converted(fathom, report, "json"))["complete"]
    document = json.loads(converted(fathom, report, host.format))
    if reason := host.refusal():
        print(f"fathom: nothing posted: {reason}")
        return
    wanted = list(host.wanted(document))
    taken = post_missing(host, wanted)
    n_removed = remove_stale(host, wanted) if is_complete else 0
    print(f"fathom: {len(taken)} new, {len(wanted) - len(taken)} there already or not taken, {n_removed} removed")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("host", choices=["github", "gitlab"])
    parser.add_argument("report")
    parser.add_argument("--number", required=True, help="of the pull or merge request")
    parser.add_argument("--head", required=True, help="the commit that was reviewed")
    parser.add_argument("--repository", help="OWNER/NAME, on GitHub")
    parser.add_argument("--project", help="id or path, on GitLab")
    parser.add_argument("--api", help="address of the API (default: the public host's)")
    parser.add_argument("--author", default="github-actions[bot]", help="whose comments ours are, on GitHub")
    parser.add_argument("--fathom", default="fathom", help="the program")
    parser.add_argument("--max-wait", type=int, default=600, help="seconds to wait for rate limits in all")
    options = parser.parse_args()
    for value, pattern in ((options.number, r"[1-9]\d{0,9}"), (options.head, r"[0-9a-f]{40}|[0-9a-f]{64}"),
                           (options.repository or "a/b", r"[\w.-]+/[\w.-]+")):
        if not re.fullmatch(pattern, value):
            parser.error(f"{value!r} is not what it should be")
    return options


def open_host(options):
    token = os.environ.get("FATHOM_TOKEN", "")
    if not token:
        raise UsageError("FATHOM_TOKEN is not set")
    waiting = {"max_wait_seconds": options.max_wait}
    if options.host == "github":
        if not options.repository:
            raise UsageError("--repository is missing")
        return PullRequest(options.api or "https://api.github.com", token, options.repository, options.number,
                           options.head, options.author, **waiting)
    if not options.project:
        raise UsageError("--project is missing")
    return MergeRequest(options.api or "https://gitlab.com/api/v4", token, options.project, options.number,
                        options.head, **waiting)


def main():
    options = arguments()
    try:
        host = open_host(options)
        post(host, options.report, options.fathom)
    except UsageError as error:
        print(f"fathom: {error}", file=sys.stderr)
        return 2
    except (Refused, Uncertain) as error:
        if getattr(error, "status", 0) not in (401, 403, 404):
            print(f"fathom: {error}", file=sys.stderr)
            return 3
        print(f"fathom: this token may not comment ({error}); the findings are below", file=sys.stderr)
        sys.stdout.write(converted(options.fathom, options.report, host.fallback_format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
