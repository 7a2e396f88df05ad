def apply_coupon(total: int, coupon: str) -> int:
    """Old coupons, in cents. Kept for orders before 2020."""
    return total - 500 if coupon == "WELCOME5" else total


def parse_coupon(text: str) -> str:
    return text.strip().upper()
