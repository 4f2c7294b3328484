"""Changes one zone in the text of a gateway.yaml and nothing else, comments included. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from edge_agent.polygons import crosses_itself
from edge_agent.vision.orders import Polygon, Purpose

ENTANGLED = (
    "the file is written so that the change would touch more than this zone, or not all of it"
    " (settings that are shared by &, * or <<?); edit the file by hand"
)
_IN_BRACKETS = "the zones are written in brackets on one line; write them in lines"


class ZoneEditRefused(Exception):
    """The file cannot be changed; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ZonePoints:
    """A zone as a technician gives it."""

    name: str
    purpose: Purpose
    polygon: Polygon


def parse_points(text: str) -> Polygon:
    """Return the corners in `0.05,0.55 0.95,0.55 …`, as shares of the picture.

    Raises:
        ZoneEditRefused: fewer than three, no numbers, outside the picture, or no outline.
    """
    points = []
    for part in text.split():
        numbers = part.split(",")
        try:
            x, y = (float(number) for number in numbers)
        except ValueError as error:
            raise ZoneEditRefused(f"{part!r} is no point; write x,y such as 0.25,0.80") from error
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise ZoneEditRefused(
                f"{part!r} lies outside the picture; both numbers go from 0.0 to 1.0"
            )
        points.append((x, y))
    if len(points) < 3:
        raise ZoneEditRefused("a zone needs at least three points")
    if crosses_itself(points):
        raise ZoneEditRefused(
            "the zone's outline crosses itself, so that a part would not be watched;"
            " give the corners in the order in which one walks around it"
        )
    return tuple(points)


def set_zone(text: str, camera_id: str, zone: ZonePoints) -> str:
    """Return the file with the zone's purpose and corners changed, or the zone added.

    Raises:
        ZoneEditRefused: there is no such camera, or it is written in a way that cannot be edited.
    """
    camera = _camera(text, camera_id)
    zones = _value(camera, "zones")
    for item in _items(zones):
        if _text_of(item, "name") == zone.name:
            return _change(text, item, zone)
    return _add(text, camera, zones, zone)


def remove_zone(text: str, camera_id: str, name: str) -> str:
    """Return the file without one zone.

    Raises:
        ZoneEditRefused: there is no such camera or zone, or it is written in a way that cannot be
            edited.
    """
    camera = _camera(text, camera_id)
    items = _items(_value(camera, "zones"))
    found = [item for item in items if _text_of(item, "name") == name]
    if not found:
        names = ", ".join(sorted(_text_of(item, "name") for item in items)) or "none"
        raise ZoneEditRefused(f"camera {camera_id} has no zone {name!r}; it has: {names}")
    return _cut(text, camera, found[0], alone=len(items) == 1)


def _cut(text: str, camera: yaml.MappingNode, item: yaml.MappingNode, *, alone: bool) -> str:
    key, zones = next(pair for pair in camera.value if pair[0].value == "zones")
    if item.start_mark.index < key.end_mark.index:
        raise ZoneEditRefused(ENTANGLED)
    if zones.flow_style:
        if not alone:
            raise ZoneEditRefused(_IN_BRACKETS)
        begin, end = _span(text, zones)
        return f"{text[:begin]}[]{text[end:]}"
    begin = text.rindex("\n", 0, _dash(text, item))
    end = _end_of_line(text, _span(text, item)[1])
    text = text[:begin] + text[end:]
    if not alone:
        return text
    colon = text.index(":", key.end_mark.index) + 1
    return f"{text[:colon]} []{text[colon:]}"


def _camera(text: str, camera_id: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    cameras = _items(_value(root, "cameras") if isinstance(root, yaml.MappingNode) else None)
    known = {_text_of(camera, "id"): camera for camera in cameras}
    if camera_id not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ZoneEditRefused(f"there is no camera {camera_id}; the file has: {names}")
    camera = known[camera_id]
    if camera.flow_style:
        raise ZoneEditRefused(
            f"camera {camera_id} is written in braces on one line; write it over several lines"
        )
    return camera


def _items(node: yaml.Node | None) -> list[yaml.MappingNode]:
    if not isinstance(node, yaml.SequenceNode):
        return []
    return [item for item in node.value if isinstance(item, yaml.MappingNode)]


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        yield str(key.value), value


def _value(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    return dict(_pairs(node)).get(key)


def _text_of(node: yaml.MappingNode, key: str) -> str:
    value = _value(node, key)
    return str(value.value) if isinstance(value, yaml.ScalarNode) else ""


def _dash(text: str, item: yaml.MappingNode) -> int:
    """Return where the dash before an item stands; comments may lie between."""
    tokens = yaml.scan(text, Loader=yaml.SafeLoader)
    dashes = (one.start_mark.index for one in tokens if isinstance(one, yaml.BlockEntryToken))
    own: int = max(dash for dash in dashes if dash < item.start_mark.index)
    return own


def _span(text: str, node: yaml.Node) -> tuple[int, int]:
    """Return where a node's own text begins and ends.

    A block's end mark lies beyond the comments of what follows; its last token's does not.
    """
    begin, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        tokens = yaml.scan(text, Loader=yaml.SafeLoader)
        end = max(one.end_mark.index for one in tokens if begin <= one.start_mark.index < end)
    return begin, begin + len(text[begin:end].rstrip())


def _change(text: str, item: yaml.MappingNode, zone: ZonePoints) -> str:
    changes = {"purpose": zone.purpose, "polygon": _flow(zone.polygon)}
    present = dict(_pairs(item))
    spans = [(*_span(text, present[key]), new) for key, new in changes.items() if key in present]
    for begin, end, new in sorted(spans, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def _add(text: str, camera: yaml.MappingNode, zones: yaml.Node | None, zone: ZonePoints) -> str:
    column = camera.start_mark.column
    if isinstance(zones, yaml.SequenceNode) and zones.value and not zones.flow_style:
        indent = zones.value[0].start_mark.column - 2
        at = _end_of_line(text, _span(text, zones)[1])
        return f"{text[:at]}{_block(zone, indent)}{text[at:]}"
    if zones is None:
        at = _span(text, dict(_pairs(camera))["id"])[1]
        at = _end_of_line(text, at)
        return f"{text[:at]}\n{' ' * column}zones:{_block(zone, column + 2)}{text[at:]}"
    if isinstance(zones, yaml.SequenceNode) and zones.value:
        raise ZoneEditRefused(_IN_BRACKETS)
    begin, end = _span(text, zones)
    return f"{text[:begin].rstrip(' ')}{_block(zone, column + 2)}{text[end:]}"


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _block(zone: ZonePoints, indent: int) -> str:
    margin = " " * indent
    # Always in quotes: a name may look like a number, a word of YAML, or begin with a space.
    name = yaml.safe_dump(zone.name, allow_unicode=True, default_style='"', width=10_000).strip()
    return (
        f"\n{margin}- name: {name}"
        f"\n{margin}  purpose: {zone.purpose}"
        f"\n{margin}  polygon: {_flow(zone.polygon)}"
    )


def _flow(polygon: Polygon) -> str:
    return "[" + ", ".join(f"[{x}, {y}]" for x, y in polygon) + "]"
