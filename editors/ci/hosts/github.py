"""Pull requests on GitHub: which lines take comments, which comments are ours, and posting them."""

import re

from hosts import comments
from hosts.http import Api, Refused

HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


class PullRequest:
    """`repository` is "owner/name"; `author` is whom the token's comments are from."""

    format = "github-review"
    fallback_format = "github"

    def __init__(self, url, token, repository, number, head, author, **waiting):
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json",
                   "X-GitHub-Api-Version": "2022-11-28"}
        self._api = Api(url, headers, **waiting)
        self._pull = f"/repos/{repository}/pulls/{number}"
        self._comments = f"/repos/{repository}/pulls/comments"
        self._head = head
        self._author = author
        self._summary = ""  # of the review that the comments are part of

    def refusal(self):
        """Why nothing must be posted; "" if nothing is wrong."""
        pull = self._api.get(self._pull)
        if pull["state"] != "open":
            return "the pull request is not open"
        if pull["head"]["sha"] != self._head:
            return "the pull request has moved on; the run for its new head will post"
        return ""

    def wanted(self, document):
        """The comments of a document in `format` that the host's own diff has lines for."""
        self._summary = document["body"]
        lines = {f["filename"]: commentable_lines(f.get("patch", "")) for f in self._api.pages(f"{self._pull}/files")}
        for body in document["comments"]:
            first = body.get("start_line", body["line"])
            if set(range(first, body["line"] + 1)) <= lines.get(body["path"], set()):
                yield comments.Comment(comments.fingerprint(body["body"]), body)

    def existing(self):
        found = self._api.pages(f"{self._pull}/comments")
        answered = {c["in_reply_to_id"] for c in found if c.get("in_reply_to_id")}
        for comment in found:
            mark = comments.fingerprint(comment["body"])
            if mark and comment["user"]["login"] == self._author:
                yield comments.Existing(mark, comment["id"], has_replies=comment["id"] in answered)

    def post(self, batch):
        """Those that GitHub took."""
        try:
            self._post_review([c.body for c in batch])
            return batch
        except Refused as refused:
            if refused.status != 422 or len(batch) == 1:
                if refused.status == 422:
                    return []
                raise
        return [c for comment in batch for c in self.post([comment])]  # one of them was not taken

    def _post_review(self, bodies):
        review = {"commit_id": self._head, "event": "COMMENT", "body": self._summary, "comments": bodies}
        self._api.send("POST", f"{self._pull}/reviews", review)

    def remove(self, existing):
        self._api.send("DELETE", f"{self._comments}/{existing.id}")


def commentable_lines(patch):
    """Lines of the new side in the hunks of a patch, with their context."""
    lines = set()
    for line in patch.split("\n"):
        match = HUNK.match(line)
        if match:
            begin, count = int(match[1]), int(match[2] or 1)
            lines.update(range(begin, begin + count))
    return lines
