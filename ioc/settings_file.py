"""Strict YAML: a file becomes a pydantic model, or one sentence per fault with its line."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[int | str]


class SettingsError(Exception):
    """The settings file cannot be used; whoever wrote it must mend the lines it names."""


def read_strict(model: type[Model], path: Path) -> Model:
    """Return the file at `path` as `model`.

    Raises:
        SettingsError: it cannot be read, is no YAML, has a key twice, or does not fit; all faults
            at once.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError(f"{path}: must hold keys and values, e.g. data_dir: var")
    twice = [f"{path}:{line}: {key!r} stands here twice" for line, key in repeated_keys(root)]
    if twice:
        raise SettingsError("\n".join(twice))
    try:
        return model.model_validate(loaded)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        lines = [_sentence(path, root, model, fault) for fault in faults]
        raise SettingsError("\n".join(lines)) from error


def _sentence(
    path: Path, root: yaml.MappingNode, model: type[BaseModel], fault: ErrorDetails
) -> str:
    place = fault["loc"]
    at = f"{path}:{line_of(root, place)}"
    key = ".".join(str(part) for part in place)
    if fault["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(str(place[-1]), keys_at(model, place[:-1]), n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else "no setting has such a name"
        return f"{at}: unknown key {key!r}: {hint}"
    if fault["type"] == "missing":
        return f"{at}: {key!r} is missing"
    said = fault["msg"].removeprefix("Value error, ")
    return f"{at}: {key}: {said}" if key else f"{at}: {said}"


def repeated_keys(node: yaml.Node) -> list[tuple[int, str]]:
    """Return line and key of every key that stands a second time in its mapping."""
    found: list[tuple[int, str]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):  # others are no keys that any setting has
                if key.value in seen:
                    found.append((key.start_mark.line + 1, key.value))
                seen.add(key.value)
            found.extend(repeated_keys(value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found.extend(repeated_keys(item))
    return found


def line_of(root: yaml.Node, place: Place) -> int:
    """Return the line, from 1, of the deepest key or item of `place` that is there."""
    node, line = root, root.start_mark.line
    for part in place:
        inner, line_of_key = _step(node, part)
        if inner is None:
            break
        node, line = inner, line_of_key
    return line + 1


def _step(node: yaml.Node, part: int | str) -> tuple[yaml.Node | None, int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line
    return None, node.start_mark.line


def keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that may stand at `place` of a document of `model`."""
    for part in place:
        if isinstance(part, str) and (inner := _field_type(model, part)) is not None:
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _field_type(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return _model_in(field.annotation)
    return None


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
