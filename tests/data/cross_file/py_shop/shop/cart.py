from decimal import Decimal


class Line:
    def __init__(self, sku: str, price: Decimal, count: int) -> None:
        self.sku = sku
        self.price = price
        self.count = count


class Cart:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def subtotal(self) -> Decimal:
        return sum((line.price * line.count for line in self.lines), Decimal(0))
