"""The lines a benchmark prints."""

import json


def report(measure: str, value: float, *, unit: str, target: float, **more: object) -> None:
    """Print one result that must not be above its target."""
    _print(measure, value, unit=unit, target=target, met=value <= target, **more)


def report_share(measure: str, value: float, *, target: float, **more: object) -> None:
    """Print one share that must not be below its target."""
    _print(measure, value, unit="%", target=target, met=value >= target, **more)


def _print(measure: str, value: float, *, unit: str, **more: object) -> None:
    row = {"bench": "audio", "measure": measure, "value": round(value, 3), "unit": unit}
    print(json.dumps(row | more), flush=True)
