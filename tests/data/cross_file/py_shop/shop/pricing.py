from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class DiscountCode:
    name: str
    percent: int
    minimum: Decimal = Decimal(0)


def round_money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def apply_discount(amount: Decimal, code: DiscountCode, *, loyalty_years: int = 0) -> Decimal:
    if amount < code.minimum:
        return amount
    percent = min(code.percent + loyalty_years, 50)
    return round_money(amount * (100 - percent) / 100)


def add_tax(amount: Decimal, country: str) -> Decimal:
    rate = {"DE": 19, "FR": 20, "AT": 20}.get(country, 0)
    return round_money(amount * (100 + rate) / 100)
