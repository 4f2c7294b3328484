"""JSON Schemas of everything on the wire; `python -m contracts.schemas` writes them beside it."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.batch import Header
from contracts.commands import COMMAND_KINDS, Command, SignedCommand
from contracts.envelope import Event
from contracts.events import EVENT_KINDS
from contracts.state import Ack, Birth, CentreState, Will
from contracts.telemetry import TelemetryRow

FOLDER = Path(__file__).parent / "schemas"

_PLAIN: dict[str, type[BaseModel]] = {
    "ack": Ack,
    "batch.header": Header,
    "centre.state": CentreState,
    "signed_command": SignedCommand,
    "state.birth": Birth,
    "state.will": Will,
    "telemetry.row": TelemetryRow,
}


def schemas() -> dict[str, str]:
    """Return the text of each schema file by its name."""
    found = {name: model.model_json_schema() for name, model in _PLAIN.items()}
    found |= {f"event.{kind}": _filled(Event, kind, data) for kind, data in EVENT_KINDS.items()}
    found |= {
        f"command.{kind}": _filled(Command, kind, data) for kind, data in COMMAND_KINDS.items()
    }
    return {f"{name}.json": _text(name, schema) for name, schema in sorted(found.items())}


def write(folder: Path = FOLDER) -> None:
    """Replace the schema files."""
    folder.mkdir(exist_ok=True)
    wanted = schemas()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _filled(envelope: type[BaseModel], kind: str, data: type[BaseModel]) -> dict[str, Any]:
    """Return the envelope's schema with the data of one kind in it."""
    schema, inner = envelope.model_json_schema(), data.model_json_schema()
    definitions = {**schema.pop("$defs", {}), **inner.pop("$defs", {})}
    for unfilled in ("EventData", "CommandData"):
        definitions.pop(unfilled, None)
    schema["properties"] |= {"data": inner, "type": {"const": kind}}
    if definitions:
        schema["$defs"] = definitions
    return schema


def _text(name: str, schema: dict[str, Any]) -> str:
    titled = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": name,
    }
    return json.dumps(titled, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write()
