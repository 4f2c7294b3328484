"""The scene that an order asks for, on planes of one size. Pure."""

from collections.abc import Iterable, Mapping

from edge_agent.vision.objects.belongings import Belonging
from edge_agent.vision.objects.thing import decode_looks
from edge_agent.vision.orders import Fixture, Watch
from edge_agent.vision.picture.plane import Mask, draw
from edge_agent.vision.presence.posts import GuardedZone, Purpose
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import Place

_GUARDING: frozenset[Purpose] = frozenset({"intrusion", "loitering", "crowding"})
WHOLE_PICTURE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def new_scene(
    watch: Watch,
    size: tuple[int, int],
    *,
    shown: Mask,
    armed: Mapping[str, bool],
    fixtures: Iterable[Fixture],
) -> Scene:
    """Return a scene for planes of this width and height.

    `shown` is what no privacy mask hides, (height, width); `armed` says which zones watch now.
    """

    def places(purpose: str) -> list[Place]:
        zones = [zone for zone in watch.zones if zone.purpose == purpose]
        return [
            Place(name=zone.name, mask=draw([zone.polygon], *size), armed=armed[zone.name])
            for zone in zones
        ]

    whole = Place(name="picture", mask=draw([WHOLE_PICTURE], *size))
    return Scene(
        motion_zones=places("motion") or [whole],
        object_zones=places("no_dumping"),
        unattended_s=watch.unattended_s,
        fixtures=belongings_of(fixtures),
        sensitivity=watch.sensitivity,
        guarded_zones=_guarded_zones(watch, size, shown, armed),
    )


def guards(watch: Watch, armed: Mapping[str, bool]) -> bool:
    """Whether some zone looks for people now."""
    return any(zone.purpose in _GUARDING and armed[zone.name] for zone in watch.zones)


def belongings_of(fixtures: Iterable[Fixture]) -> list[Belonging]:
    """Return fixtures as a scene knows them."""
    return [
        Belonging(box=one.box, looks=decode_looks(one.looks), fixture_id=one.fixture_id)
        for one in fixtures
    ]


def _guarded_zones(
    watch: Watch, size: tuple[int, int], shown: Mask, armed: Mapping[str, bool]
) -> list[GuardedZone]:
    return [
        GuardedZone(
            name=zone.name,
            purpose=zone.purpose,
            mask=draw([zone.polygon], *size) & shown,
            present_s=zone.present_s,
            crowd_share=zone.crowd_share,
            armed=armed[zone.name],
        )
        for zone in watch.zones
        if zone.purpose in _GUARDING
    ]
