class Forecast:
    def __init__(self, hours: int) -> None:
        self.hours = hours

    def feels(self) -> str:
        return "mild" if self.hours < 12 else "unknown"
