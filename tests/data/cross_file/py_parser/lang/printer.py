from lang.nodes import Binary, Node, Number


def show(node: Node) -> str:
    if isinstance(node, Number):
        return str(node.value)
    if isinstance(node, Binary):
        return f"({show(node.left)} {node.operator} {show(node.right)})"
    return "?"
