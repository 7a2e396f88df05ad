def exponential(attempt: int, base: float = 0.5, limit: float = 60.0) -> float:
    return min(base * 2**attempt, limit)
