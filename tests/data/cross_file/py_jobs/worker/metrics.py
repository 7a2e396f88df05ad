from collections import Counter

counts: Counter[str] = Counter()


def increment(name: str, by: int = 1) -> None:
    counts[name] += by
