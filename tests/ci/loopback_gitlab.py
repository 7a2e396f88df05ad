"""GitLab's API for merge requests, as strict as the real one where a poster can go wrong."""

import itertools

from loopback import Answer, Loopback, diffs, git, sides


class GitLab(Loopback):
    """One merge request of `branch` into main, in a repository on this disk."""

    token = "gl-token"
    user = 11

    def __init__(self, repository, branch="topic"):
        super().__init__()
        self.repository, self.branch = repository, branch
        self.discussions = []
        self._ids = itertools.count(1)

    def routes(self):
        request = r"/projects/group%2Fname/merge_requests/7"
        return [("GET", "/user", lambda *_: {"id": self.user}),
                ("GET", request, lambda *_: {"state": "opened", "diff_refs": self._refs()}),
                ("GET", request + "/diffs",
                 lambda *_: [{"old_path": p, "new_path": p, "diff": d} for p, d in self._diffs()]),
                ("GET", request + "/discussions", lambda *_: list(self.discussions)),
                ("POST", request + "/discussions", lambda _m, _q, body: self._discuss(body)),
                ("PUT", request + r"/discussions/(\d+)", lambda m, query, _b: self._resolve(m[1], query))]

    def authorise(self, headers):
        if headers.get("PRIVATE-TOKEN") != self.token:
            raise Answer(401, "401 Unauthorized")

    def head(self):
        return git(self.repository, "rev-parse", self.branch).strip()

    def reply(self, discussion):
        discussion["notes"].append({"body": "I see it differently", "author": {"id": 5}})

    def add(self, body, user):
        note = {**body, "author": {"id": user}, "resolved": False}
        self.discussions.append({"id": str(next(self._ids)), "notes": [note]})

    def _refs(self):
        base = git(self.repository, "merge-base", "main", self.branch).strip()
        return {"base_sha": base, "start_sha": git(self.repository, "rev-parse", "main").strip(),
                "head_sha": self.head()}

    def _diffs(self):
        return diffs(self.repository, "main", self.branch)

    def _discuss(self, body):
        position = body["position"]
        if {k: position.get(k) for k in self._refs()} != self._refs() or position["position_type"] != "text":
            raise Answer(400, "400 Bad request - Note {:position=>[\"is invalid\"]}")
        hunks = sides(dict(self._diffs()).get(position["new_path"], ""))
        rows = {row for hunk in hunks for row in hunk}
        if (position.get("old_line", 0), position["new_line"]) not in rows:
            raise Answer(400, "400 Bad request - Note {:line_code=>[\"can't be blank\"]}")
        self.add(body, self.user)
        return self.discussions[-1]

    def _resolve(self, number, query):
        for discussion in self.discussions:
            if discussion["id"] == number:
                discussion["notes"][0]["resolved"] = query["resolved"] == "true"
                return discussion
        raise Answer(404, "404 Not found")
