import threading


class LockTable:
    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}

    def acquire(self, name: str) -> bool:
        return self._locks.setdefault(name, threading.Lock()).acquire(blocking=False)

    def release(self, name: str) -> None:
        self._locks[name].release()
