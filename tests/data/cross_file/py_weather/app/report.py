from pathlib import Path

from app.store import latest_reading
from app.units import to_fahrenheit


def describe(path: Path, station: str) -> str:
    reading = latest_reading(path, station)
    felt = to_fahrenheit(reading.$0
    return f"{station}: feels like {felt:.0f} F"
