"""YAML to validated settings, with every fault named by key, line and nearest valid key.

Owns no setting of its own; reads no file.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError


class StrictSettings(BaseModel):
    """Base of all settings: immutable, unknown keys refused, no NaN and no infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Place = tuple[str | int, ...]
Settings = TypeVar("Settings", bound=BaseModel)


class ConfigurationError(ValueError):
    """The configuration cannot be used; each line of `faults` says where and why."""

    def __init__(self, faults: Iterable[str], places: Iterable[Place] = ()) -> None:
        """Args: `places` are those of the faults, in the same order, where values are wrong."""
        self.faults = tuple(faults)
        self.places = tuple(places)
        super().__init__("\n".join(self.faults))


def parse(
    model: type[Settings], text: str, *, context: dict[str, Any], without: Iterable[Place] = ()
) -> Settings:
    """Return the settings in `text`, as if what stands at the places `without` were not there.

    Raises:
        ConfigurationError: with all faults at once.
    """
    root = _compose(text)
    lines = dict(_lines(root, ()))
    repeated = list(_repeated_keys(root, ()))
    if repeated:
        raise ConfigurationError(repeated)
    try:
        return model.model_validate(_leave_out(yaml.safe_load(text), without), context=context)
    except ValidationError as error:
        told = list(_causes(error.errors()))
        raise ConfigurationError(
            (_fault(model, fault, lines) for fault in told),
            (_without_tags(model, tuple(fault["loc"])) for fault in told),
        ) from error


def _leave_out(values: Any, places: Iterable[Place]) -> Any:  # noqa: ANN401
    for *way, last in places:
        holder = values
        for part in way:
            holder = holder[part]
        holder.pop(last, None)
    return values


def _causes(faults: list[Any]) -> Iterator[Any]:
    """Leave out that a list is too short, where it is only because of what is wrong inside."""
    for fault in faults:
        place = fault["loc"]
        inside = (other["loc"] for other in faults if len(other["loc"]) > len(place))
        if fault["type"] != "too_short" or all(loc[: len(place)] != place for loc in inside):
            yield fault


def _compose(text: str) -> yaml.Node:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise ConfigurationError([f"{where}not YAML: {problem}"]) from error
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(["line 1: the file must hold keys and values"])
    return root


def _children(node: yaml.Node) -> Iterator[tuple[str | int, int, yaml.Node]]:
    """Yield key or index, line (from 1) and value node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield index, value.start_mark.line + 1, value


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    for key, line, value in _children(node):
        yield (*place, key), line
        yield from _lines(value, (*place, key))


def _repeated_keys(node: yaml.Node, place: Place) -> Iterator[str]:
    seen: set[str | int] = set()
    for key, line, value in _children(node):
        if key in seen:
            yield f"line {line}: {_dotted((*place, key))} is given twice"
        seen.add(key)
        yield from _repeated_keys(value, (*place, key))


def _fault(model: type[BaseModel], fault: Any, lines: dict[Place, int]) -> str:  # noqa: ANN401
    place = _without_tags(model, tuple(fault["loc"]))
    line = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 1)
    return f"line {line}: {_sentence(model, place, fault)}"


def _sentence(model: type[BaseModel], place: Place, fault: Any) -> str:  # noqa: ANN401
    name = _dotted(place)
    match fault["type"]:
        case "extra_forbidden":
            return f"{name} is no setting{_nearest(model, fault['loc'])}"
        case "missing":
            return f"{name} is missing"
        case "value_error":
            reason = str(fault["msg"]).removeprefix("Value error, ")
            return f"{name}: {reason}" if place else reason
        case "union_tag_not_found":
            return f"{name}.{_discriminator(fault)} is missing"
        case "union_tag_invalid":
            told = fault["ctx"]
            return f"{name}.{_discriminator(fault)}: must be one of {told['expected_tags']}"
        case _:
            return f"{name}: {_message(fault)}"


def _message(fault: Any) -> str:  # noqa: ANN401
    if fault["type"] != "too_short":
        return str(fault["msg"])
    told = fault["ctx"]
    return f"needs at least {told['min_length']}, here are {told['actual_length']}"


def _discriminator(fault: Any) -> str:  # noqa: ANN401
    return str(fault["ctx"]["discriminator"]).strip("'")


def _nearest(model: type[BaseModel], place: Place) -> str:
    *_, (_, holder) = _walk(model, place[:-1])
    fields = list(holder.model_fields)
    near = difflib.get_close_matches(str(place[-1]), fields, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else f"; valid here: {', '.join(fields)}"


def _without_tags(model: type[BaseModel], place: Place) -> Place:
    """Return a place as the file spells it: a choice between models is no key of it."""
    return tuple(part for part, _ in _walk(model, place) if part is not None)


def _walk(
    model: type[BaseModel], place: Place
) -> Iterator[tuple[str | int | None, type[BaseModel]]]:
    """Yield the start, then each part of a place, with the model that is open there.

    The part is None where it is the tag of a union's member, as pydantic puts it into places.
    """
    yield None, model
    choice: tuple[type[BaseModel], ...] = ()
    for part in place:
        if isinstance(part, str) and part in _tags(choice):
            model, choice = _tags(choice)[part], ()
            yield None, model
        elif isinstance(part, int) or part not in model.model_fields:
            yield part, model
        else:
            choice = tuple(_models_in(model.model_fields[part].annotation))
            model = next(iter(choice), model)
            yield part, model


def _tags(models: Iterable[type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """Return the members of a union by the value of the key that decides between them."""
    return {
        tag: model
        for model in models
        for field in model.model_fields.values()
        if isinstance(tag := field.default, str) and get_origin(field.annotation) is Literal
    }


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _dotted(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")
