from decimal import Decimal

from shop.cart import Cart
from shop.pricing import DiscountCode, add_tax, apply_discount


class Customer:
    def __init__(self, name: str, country: str, years: int) -> None:
        self.name = name
        self.country = country
        self.years = years


def total_of(cart: Cart, customer: Customer, code: DiscountCode | None) -> Decimal:
    amount = cart.subtotal()
    if code:
        amount = apply_discount($0
    return add_tax(amount, customer.country)
