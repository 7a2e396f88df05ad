"""GitHub's API for pull requests, as strict as the real one where a poster can go wrong."""

import itertools

from loopback import Answer, Loopback, diffs, git, sides

MAX_COMMENTS = 30  # in one review; more is taken for abuse
MAX_BODY = 65536


class GitHub(Loopback):
    """One pull request of `branch` onto main, in a repository on this disk."""

    token = "gh-token"
    author = "github-actions[bot]"

    def __init__(self, repository, branch="topic"):
        super().__init__()
        self.repository, self.branch = repository, branch
        self.comments = []
        self.n_reviews = 0
        self._ids = itertools.count(1)

    def routes(self):
        pull = r"/repos/owner/name/pulls/7"
        return [("GET", pull, lambda *_: {"state": "open", "head": {"sha": self.head()}}),
                ("GET", pull + "/files", lambda *_: [{"filename": p, "patch": d} for p, d in self._diffs()]),
                ("GET", pull + "/comments", lambda *_: list(self.comments)),
                ("POST", pull + "/reviews", lambda _m, _q, body: self._review(body)),
                ("DELETE", r"/repos/owner/name/pulls/comments/(\d+)", lambda m, *_: self._delete(int(m[1])))]

    def authorise(self, headers):
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Answer(401, "Bad credentials")

    def head(self):
        return git(self.repository, "rev-parse", self.branch).strip()

    def reply(self, comment):
        self.add({"path": comment["path"], "body": "I see it differently"}, "somebody", comment["id"])

    def add(self, comment, author, answers=None):
        self.comments.append({**comment, "id": next(self._ids), "user": {"login": author},
                              "in_reply_to_id": answers})

    def _diffs(self):
        return diffs(self.repository, "main", self.branch)

    def _review(self, body):
        if body["commit_id"] != self.head() or body["event"] != "COMMENT" or not body["body"]:
            raise Answer(422, "Validation Failed")
        if len(body["comments"]) > MAX_COMMENTS:
            raise Answer(403, "You have exceeded a secondary rate limit", Retry_After=10**6)
        hunks = {path: sides(text) for path, text in self._diffs()}
        for comment in body["comments"]:
            self._check(comment, hunks.get(comment["path"]))
        for comment in body["comments"]:
            self.add(comment, self.author)
        self.n_reviews += 1
        return {"id": next(self._ids)}

    @staticmethod
    def _check(comment, hunks):
        if hunks is None:
            raise Answer(422, "Unprocessable Entity: path could not be resolved")
        first, last = comment.get("start_line", comment["line"]), comment["line"]
        if comment["side"] != "RIGHT" or ("start_line" in comment and not first < last):
            raise Answer(422, "Unprocessable Entity: start_line must precede the end line")
        for rows in hunks:
            lines = {new for _, new in rows if new}
            if {first, last} <= lines:
                break
        else:
            raise Answer(422, "Unprocessable Entity: line must be part of the diff")
        if not comment["body"] or len(comment["body"]) > MAX_BODY:
            raise Answer(422, "Unprocessable Entity: body is too long")

    def _delete(self, number):
        if not any(c["id"] == number for c in self.comments):
            raise Answer(404, "Not Found")
        self.comments = [c for c in self.comments if c["id"] != number]
