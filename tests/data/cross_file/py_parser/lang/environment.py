from __future__ import annotations


class Environment:
    def __init__(self, parent: Environment | None = None) -> None:
        self.parent = parent
        self.values: dict[str, float] = {}

    def lookup(self, identifier: str) -> float:
        if identifier in self.values:
            return self.values[identifier]
        if self.parent is None:
            raise NameError(identifier)
        return self.parent.lookup(identifier)

    def define(self, identifier: str, value: float) -> None:
        self.values[identifier] = value
