import operator

from lang.environment import Environment
from lang.nodes import Binary, Conditional, Name, Node, Number

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def evaluate(node: Node, scope: Environment) -> float:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Name):
        return scope.lookup(node.identifier)
    if isinstance(node, Binary):
        return OPERATORS[node.operator](evaluate(node.left, scope), evaluate(node.right, scope))
    if isinstance(node, Conditional):
        if evaluate(node.test, scope):
            return evaluate($0
    raise TypeError(type(node).__name__)
