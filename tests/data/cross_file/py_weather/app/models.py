from dataclasses import dataclass


@dataclass
class Reading:
    station: str
    celsius: float
    humidity: float
    wind_kmh: float

    def feels_like(self) -> float:
        return self.celsius - 0.7 * (self.wind_kmh / 10) + self.humidity / 50

    def is_frost(self) -> bool:
        return self.celsius <= 0


@dataclass
class Station:
    code: str
    latitude: float
    longitude: float
