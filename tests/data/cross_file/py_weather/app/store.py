import csv
from pathlib import Path

from app.models import Reading


def load_readings(path: Path) -> list[Reading]:
    with path.open() as file:
        return [
            Reading(row["station"], float(row["c"]), float(row["rh"]), float(row["wind"]))
            for row in csv.DictReader(file)
        ]


def latest_reading(path: Path, station: str) -> Reading:
    return [r for r in load_readings(path) if r.station == station][-1]
