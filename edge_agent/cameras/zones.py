"""A camera's configured zones as its watch is told them; pure."""

from collections.abc import Mapping
from types import MappingProxyType

from edge_agent.camera_config import USUAL_PRESENT_S, CameraSettings, ZoneSettings
from edge_agent.vision.orders import Zone

_ALWAYS: Mapping[str, bool] = MappingProxyType({})


def order_zones(camera: CameraSettings, armed: Mapping[str, bool] = _ALWAYS) -> tuple[Zone, ...]:
    """Return the zones as the vision child takes them.

    Args:
        camera: whose zones.
        armed: by the zone's name, whether it watches now; what is not named watches.
    """
    return tuple(_order(zone, armed=armed.get(zone.name, True)) for zone in camera.zones)


def _order(zone: ZoneSettings, *, armed: bool) -> Zone:
    order = Zone(name=zone.name, purpose=zone.purpose, polygon=zone.polygon, armed=armed)
    present_s = zone.present_s
    if present_s is None:
        present_s = USUAL_PRESENT_S.get(zone.purpose)
    given = {"present_s": present_s, "crowd_share": zone.crowd_share}
    return order.model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
