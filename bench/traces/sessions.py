"""What a person did to five files, step by step; make_trace.py makes traces of it.

("after", TEXT)  puts the cursor behind the first occurrence of TEXT.
("type", TEXT)   one key a character; a line break brings the indentation behind it, as editors do.
("back", N), ("follow", N), ("accept",): see README.md.
("out",)         puts the cursor behind the next closing brace.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Step = tuple[Any, ...]


class Session(NamedTuple):
    path: str  # as the editor knows the file
    source: str  # beside this script
    closes_brackets: bool  # by the editor, as they are typed
    steps: list[Step]


PREFIX_TREE: list[Step] = [
    # A helper is written from scratch, with a slip and its correction.
    ("after", "int common_length(std::span<const TokenId> a, std::span<const TokenId> b) {\n"
              "  return static_cast<int>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first"
              " - a.begin());\n}\n"),
    ("type", "\n/// Number of tokens in all nodes from the root down to `node`.\n"),
    ("follow", 4),
    ("type", "int depth_of(const PrefixTree::Nod *"),
    ("back", 2),
    ("type", "e* node) {\n  int depth = 0;\n  "),
    ("follow", 6),
    ("type", "for (; node != nullptr; "),
    ("accept",),
    ("type", "node = node->parent)\n    "),
    ("follow", 3),
    ("type", "depth += static_cast<int>(node->tokens.size());\n    "),
    ("back", 2),
    ("type", "return depth;\n  "),
    ("back", 2),
    ("type", "}\n"),
    # A declaration in the class.
    ("after", "  /// Evicts every prefix that nobody holds.\n  void clear();\n"),
    ("type", "  /// Tokens of the longest prefix that is kept.\n  int longest"),
    ("follow", 5),
    ("type", "_prefix() const;\n"),
    # A condition is changed.
    ("after", "bool PrefixTree::make_free(int n) {\n  if (n_free() >= n"),
    ("back", 1),
    ("type", "wanted"),
    ("back", 6),
    ("type", "n"),
    # The definition, with a loop.
    ("after", "void PrefixTree::clear() {\n  while (Node* leaf = oldest_unused_leaf()) remove(leaf);\n}\n"),
    ("type", "\nint PrefixTree::longest_prefix() const {\n  int longest = 0;\n  "),
    ("follow", 8),
    ("type", "for_each_node(*root_, [&](const Node& node) {\n    "),
    ("accept",),
    ("type", "longest = std::max(longest, "),
    ("follow", 4),
    ("type", "depth_of(&node));\n    "),
    ("back", 2),
    ("type", "});\n  return "),
    ("follow", 3),
    ("type", "longest;\n  "),
    ("back", 2),
    ("type", "}\n"),
    # A guard at the top of a function, and a comment beside it.
    ("after", "void PrefixTree::truncate(Lease& lease, int size) {\n"),
    ("type", "  if (size == lease.size()) return;  // nothing to fre"),
    ("follow", 2),
    ("type", "e\n"),
    # An expression in the middle of a line.
    ("after", "  while (lease.size() > size"),
    ("type", " && !lease.slots_.empty()"),
    ("after", "const TokenId first = lower->tokens[0];\n"),
    ("type", "  FATHOM_ASSERT(first"),
    ("follow", 5),
    ("type", " >= 0);\n"),
]

LEDGER: list[Step] = [
    # A method is written below another one.
    ("after", "                yield posting\n"),
    ("type", "\n    def tagged(self, tag: str) -> Iterator[Posting]:\n"
             "        for posting in self.postings:\n            if tag in posting.tg"),
    ("back", 1),
    ("type", "ags:\n                "),
    ("follow", 6),
    ("type", "yield posting\n"),
    # A check at the top of a function, and its message.
    ("after", "    cleaned = text.strip()\n"),
    ("type", "    if not cleaned:\n        raise LedgerError("),
    ("accept",),
    ("type", "\"an empty amount\")\n"),
    # A function from scratch.
    ("after", "        totals[posting.day.year, posting.day.month] += posting.amount\n"
              "    return dict(totals)\n"),
    ("type", "\n\ndef largest(postings: Iterable[Posting], n: int = 10) -> list[Posting]:\n"
             "    \"\"\"The `n` postings that moved most.\"\"\"\n    "),
    ("follow", 4),
    ("type", "return sorted(postings, key=lambda p: abs(p.amont"),
    ("back", 3),
    ("type", "ount), reverse=True)[:n]\n"),
    # An argument in the middle of a line.
    ("after", "def report(ledger: Ledger"),
    ("type", ", width: int = 24"),
    # Its use in main.
    ("after", "        ledger.add_all(read_postings(Path(name)))\n"),
    ("type", "    if not ledger.accounts:\n        print(\"nothing to report\")\n        "),
    ("follow", 5),
    ("type", "return 1\n"),
]

TASK_QUEUE: list[Step] = [
    # An option.
    ("after", "  timeoutMs?: number;\n"),
    ("type", "  label?: string;\n"),
    ("after", "  timeoutMs: 30_000,\n"),
    ("type", "  label: \"\",\n"),
    # A helper with a promise.
    ("after", "      reject(new Error(\"aborted\"));\n    });\n  });\n}\n"),
    ("type", "\nfunction withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {\n"
             "  let timer: NodeJS.Timeot"),
    ("back", 1),
    ("type", "ut;\n  "),
    ("follow", 5),
    ("type", "const late = new Promise<never>((_, reject) => {\n    "),
    ("accept",),
    ("type", "timer = setTimeout(() => reject(new Error(\"timed out\")), ms);"),
    ("out",),
    ("type", ");\n  return Promise.race([promise, late]).finally(() => clearTimeout(timer));"),
    ("out",),
    # It is used.
    ("after", "        return await "),
    ("type", "withTimeout("),
    ("back", 12),
    # A getter beside another.
    ("after", "    return this.waiting.length + this.running.size;\n  }\n"),
    ("type", "\n  get isIdle(): boolean {\n    "),
    ("follow", 7),
    ("type", "return this.size === 0;"),
    ("out",),
    # A method at the end.
    ("after", "    return entry !== undefined;\n  }\n"),
    ("type", "\n  close(): void {\n    this.closed = true;\n    "),
    ("type", "for (const entry of this.waiting) {\n      "),
    ("accept",),
    ("type", "entry.reject(new Error(\"closed\"));"),
    ("out",),
    ("type", "\n    this.waiting.length = 0;"),
]

CACHE: list[Step] = [
    # A field, where it is set, and where it is used.
    ("after", "\tEvictions uint64\n"),
    ("type", "\tExpired   uint64\n"),
    ("after", "\tif c.isExpired(found) {\n\t\tc.remove(element)\n"),
    ("type", "\t\tc.stats.Exp"),
    ("follow", 4),
    ("type", "ired++\n"),
    # A method from scratch.
    ("after", "\t\tc.remove(c.recent.Back())\n\t\tc.stats.Evictions++\n\t}\n}\n"),
    ("type", "\n// Delete forgets a key and says whether it was there.\n"
             "func (c *Cache) Delete(key sting"),
    ("back", 3),
    ("type", "ring) bool {\n\t"),
    ("follow", 6),
    ("type", "c.mu.Lock()\n\tdefer c.mu.Unlock()\n\telement, ok := c.entries[key]\n\tif ok {\n\t\t"),
    ("accept",),
    ("type", "c.remove(element)"),
    ("out",),
    ("type", "\n\treturn ok"),
    ("out",),
    # Another, with a loop.
    ("type", "\n\n// Sweep removes what has expired.\nfunc (c *Cache) Sweep() int {\n\t"),
    ("type", "c.mu.Lock()\n\tdefer c.mu.Unlock()\n\tremoved := 0\n\t"),
    ("follow", 3),
    ("type", "for element := c.recent.Back(); element != nil; {\n\t\t"),
    ("type", "previous := element.Prev()\n\t\tif c.isExpired(element.Value.(*entry)) {\n\t\t\t"),
    ("type", "c.remove(element)\n\t\t\tremoved++"),
    ("out",),
    ("type", "\n\t\telement = previous"),
    ("out",),
    ("type", "\n\treturn removed"),
    # A guard.
    ("after", "// Set stores a value and forgets the least recently used one if there are too many.\n"
              "func (c *Cache) Set(key string, value any) {\n"),
    ("type", "\tif key == \"\" {\n\t\treturn"),
    ("out",),
    ("type", "\n"),
]

MATRIX: list[Step] = [
    # A getter.
    ("after", "        (self.rows, self.cols)\n    }\n"),
    ("type", "\n    pub fn is_square(&self) -> bool {\n        self.rows == self.cls"),
    ("back", 2),
    ("type", "ols"),
    ("out",),
    # A function with a loop.
    ("type", "\n\n    pub fn trace(&self) -> Result<f64, MatrixError> {\n        "),
    ("follow", 5),
    ("type", "if !self.is_square() {\n            return Err("),
    ("accept",),
    ("type", "MatrixError::ShapeMismatch { left: self.shape(), right: self.shape() });"),
    ("out",),
    ("type", "\n        let mut sum = 0.0;\n        for i in 0..self.rows {\n            "),
    ("follow", 6),
    ("type", "sum += self[(i, i)];"),
    ("out",),
    ("type", "\n        Ok(sum)"),
    # An operator below another.
    ("after", "            *value *= factor;\n        }\n        self\n    }\n}\n"),
    ("type", "\nimpl Add for Matrix {\n    type Output = Matrix;\n\n    "),
    ("type", "fn add(mut self, other: Matrix) -> Matrix {\n        "),
    ("accept",),
    ("type", "for (a, b) in self.data.iter_mut().zip(&other.data) {\n            *a += b;"),
    ("out",),
    ("type", "\n        self"),
    # A doc comment and a slip.
    ("after", "    fn swap_rows(&mut self, a: usize, b: usize) {\n"),
    ("type", "        if a == b {\n            retrun"),
    ("back", 4),
    ("type", "turn;"),
    ("out",),
    ("type", "\n"),
]

SESSIONS = {
    "prefix_tree": Session("engine/prefix_tree.cpp", "prefix_tree.cpp.txt", False, PREFIX_TREE),
    "ledger": Session("household/ledger.py", "ledger.py.txt", True, LEDGER),
    "task_queue": Session("src/task_queue.ts", "task_queue.ts.txt", True, TASK_QUEUE),
    "cache": Session("cache/cache.go", "cache.go.txt", True, CACHE),
    "matrix": Session("src/matrix.rs", "matrix.rs.txt", True, MATRIX),
}
