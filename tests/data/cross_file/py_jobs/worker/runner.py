import logging

from .backoff import exponential
from .queue import JobQueue
from .registry import HANDLERS

log = logging.getLogger(__name__)


class Runner:
    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue

    def run_once(self) -> bool:
        job = self.queue.take()
        if job is None:
            return False
        try:
            HANDLERS[job.name]()
        except Exception as error:
            log.warning("%s failed: %s", job.name, error)
            self.queue.release($0
        return True
