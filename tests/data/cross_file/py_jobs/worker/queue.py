from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field


@dataclass(order=True)
class Job:
    run_at: float
    name: str = field(compare=False)
    attempts: int = field(default=0, compare=False)


class JobQueue:
    def __init__(self) -> None:
        self._heap: list[Job] = []
        self._dead: list[tuple[Job, str]] = []

    def push(self, job: Job) -> None:
        heapq.heappush(self._heap, job)

    def take(self) -> Job | None:
        if self._heap and self._heap[0].run_at <= time.time():
            return heapq.heappop(self._heap)
        return None

    def release(self, job: Job, *, delay_seconds: float, reason: str) -> None:
        job.attempts += 1
        if job.attempts > 5:
            self._dead.append((job, reason))
            return
        job.run_at = time.time() + delay_seconds
        self.push(job)

    def bury(self, job: Job, reason: str) -> None:
        self._dead.append((job, reason))
