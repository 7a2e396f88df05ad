from typing import Callable

HANDLERS: dict[str, Callable[[], None]] = {}


def handler(name: str):
    def register(function: Callable[[], None]):
        HANDLERS[name] = function
        return function

    return register
