def shipping_cost(weight: float, country: str) -> float:
    base = 4.9 if country == "DE" else 12.5
    return base + max(weight - 2, 0) * 1.2
