"""Merge requests on GitLab: which lines take discussions, which are ours, and starting them."""

import re
import urllib.parse

from hosts import comments
from hosts.http import Api, Refused

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class MergeRequest:
    """`project` is an id or "group/name"."""

    format = "gitlab-notes"
    fallback_format = "text"

    def __init__(self, url, token, project, number, head, **waiting):
        self._api = Api(url, {"PRIVATE-TOKEN": token}, **waiting)
        self._request = f"/projects/{urllib.parse.quote(str(project), safe='')}/merge_requests/{number}"
        self._head = head
        self._refs = None

    def refusal(self):
        """Why nothing must be posted; "" if nothing is wrong."""
        request = self._api.get(self._request)
        if request["state"] != "opened":
            return "the merge request is not open"
        self._refs = request["diff_refs"]
        if self._refs["head_sha"] != self._head:
            return "the merge request has moved on; the pipeline of its new head will post"
        return ""

    def wanted(self, document):
        """The notes of a document in `format` that the host's own diff has lines for."""
        lines = {d["new_path"]: (d["old_path"], added_lines(d["diff"])) for d in self._api.pages(f"{self._request}/diffs")}
        for body in document:
            position = body["position"]
            old_path, added = lines.get(position["new_path"], ("", set()))
            if position["new_line"] in added:
                position = {**position, **self._refs, "old_path": old_path}
                yield comments.Comment(comments.fingerprint(body["body"]), {**body, "position": position})

    def existing(self):
        user = self._api.get("/user")["id"]
        for discussion in self._api.pages(f"{self._request}/discussions"):
            notes = discussion["notes"]
            mark = comments.fingerprint(notes[0]["body"])
            if mark and notes[0]["author"]["id"] == user:
                yield comments.Existing(mark, discussion["id"], has_replies=len(notes) > 1,
                                        is_resolved=notes[0].get("resolved", False))

    def post(self, batch):
        """Those that GitLab took."""
        taken = []
        for comment in batch:
            try:
                self._api.send("POST", f"{self._request}/discussions", comment.body)
                taken.append(comment)
            except Refused as refused:
                if refused.status not in (400, 422):  # a line that it does not have
                    raise
        return taken

    def remove(self, existing):
        self._api.send("PUT", f"{self._request}/discussions/{existing.id}?resolved=true")


def added_lines(diff):
    """Lines of the new side that a diff added."""
    lines, number = set(), 0
    for line in diff.split("\n"):
        match = HUNK.match(line)
        if match:
            number = int(match[1])
        elif line.startswith("+"):
            lines.add(number)
            number += 1
        elif not line.startswith(("-", "\\")):
            number += 1
    return lines
