from dataclasses import dataclass


class Node:
    pass


@dataclass
class Number(Node):
    value: float


@dataclass
class Name(Node):
    identifier: str


@dataclass
class Binary(Node):
    operator: str
    left: Node
    right: Node


@dataclass
class Conditional(Node):
    test: Node
    then_branch: Node
    else_branch: Node


@dataclass
class Call(Node):
    callee: Name
    arguments: list[Node]
