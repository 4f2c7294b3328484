"""The configuration files of the commune's processes, as values; pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.commune import world
from simulator.commune.folder import Folder
from simulator.commune.options import Options
from simulator.commune.world import Camera, Loudspeaker, Zone

Document = dict[str, Any]
RULES = Path(__file__).resolve().parents[2] / "config" / "rules.yaml"
"""The library of ready rules."""
FIRST_DUMPING_S = 10.0
"""Long enough for the gateway to have connected and learnt the empty lane."""
# Only these lines of config/mosquitto.conf name places; the commune has its own. All its
# limits are those of a real commune.
_PLACES = {
    "listener", "cafile", "certfile", "keyfile", "password_file", "acl_file",
    "persistence_location", "log_dest", "user", "pid_file",
}  # fmt: skip


def tcp_names(options: Options) -> list[str]:
    """Return the names of the TCP ports the commune needs."""
    cameras = simulated_cameras(options)
    return [
        "web",
        "broker",
        "mail",
        *(f"{c.id}.{kind}" for c in cameras for kind in ("http", "rtsp")),
    ]


def udp_names() -> list[str]:
    """Return the names of the UDP ports the commune needs."""
    return [loudspeaker.id for loudspeaker in world.LOUDSPEAKERS]


def simulated_cameras(options: Options) -> tuple[Camera, ...]:
    """Return the cameras that run here: all, or all but the one a real camera replaces."""
    return world.CAMERAS[1 if options.camera else 0 : options.cameras]


def describe_expectation(options: Options) -> str:
    """Say what the person will see, and when."""
    place = world.CAMERAS[0].name
    if options.camera:
        return f"Camera “{place}” is the real one: leave something in its view and walk away."
    if options.video:
        return f"Camera “{place}” plays {options.video.name} once, from now on."
    return f"Within a minute somebody leaves rubbish in front of camera “{place}”."


def centre_document(folder: Folder, ports: Mapping[str, int], options: Options) -> Document:
    """Return centre.yaml."""
    web: Document = {"host": "127.0.0.1", "port": ports["web"]}
    if options.tls_certificate and options.tls_key:
        web = {
            "host": "0.0.0.0",  # noqa: S104 - with a certificate the phones come from outside
            "port": ports["web"],
            "tls_certificate": str(options.tls_certificate),
            "tls_key": str(options.tls_key),
        }
    return {
        "data_dir": str(folder.centre),
        "commune": {
            "name": world.COMMUNE,
            "hamlet_word": world.HAMLET_WORD,
            "time_zone": world.TIME_ZONE,
        },
        "areas": [
            {"id": area.id, "name": area.name} | ({"parent": area.parent} if area.parent else {})
            for area in world.AREAS
        ],
        "web": web,
        "broker": {
            "host": "127.0.0.1",
            "port": ports["broker"],
            "username": "centre",
        },
        "rules": str(RULES),
        "alarms": {
            "expected": [
                {
                    "name": "Chợ phiên",
                    "kinds": ["crowding", "loitering"],
                    "from": "05:00",
                    "to": "11:00",
                    "days": ["sat", "sun"],
                    "areas": ["na-lay"],
                }
            ],
        },
        "notify": {
            "email": {
                "host": "127.0.0.1",
                "port": ports["mail"],
                "security": "none",
                "sender": f"ioc@{world.MAIL_DOMAIN}",
            },
        },
        "retention": {"evidence_gb": 5},
    }


def gateway_document(
    folder: Folder,
    ports: Mapping[str, int],
    options: Options,
    *,
    centre: Document,
) -> Document:
    """Return gateway.yaml; `centre` is its section of the same name."""
    return {
        "site_id": world.SITE,
        "gateway_id": world.GATEWAY,
        "data_dir": str(folder.gateway),
        "time_zone": world.TIME_ZONE,
        "centre": centre,
        "broker": {
            "host": "127.0.0.1",
            "port": ports["broker"],
            "password_file": str(folder.secrets / "gateway-broker"),
        },
        "cameras": [
            _camera_section(camera, folder, ports, options)
            for camera in world.CAMERAS[: options.cameras]
        ],
        "loudspeakers": [
            _loudspeaker_section(loudspeaker, ports) for loudspeaker in world.LOUDSPEAKERS
        ],
    }


def camera_document(
    camera: Camera, ports: Mapping[str, int], options: Options, *, password: str
) -> Document:
    """Return the settings of one simulated camera."""
    plays_recording = options.video is not None and camera is world.CAMERAS[0]
    source: Document = (
        {"video": str(options.video), "keep_gop": options.keep_gop}
        if plays_recording
        else {"scene": camera.scene, "first_dumping_s": FIRST_DUMPING_S}
    )
    return {
        "name": camera.name,
        "http_port": ports[f"{camera.id}.http"],
        "rtsp_port": ports[f"{camera.id}.rtsp"],
        "username": "gateway",
        "password": password,
        "microphone": {
            "loudspeakers": [
                {"address": loudspeaker.address, "port": ports[loudspeaker.id]}
                for loudspeaker in world.LOUDSPEAKERS
                if loudspeaker.id in camera.loudspeakers
            ]
        },
        **source,
    }


def mosquitto_config(
    template: str, folder: Folder, ports: Mapping[str, int], *, running_user: str
) -> str:
    """Return the product's broker configuration with this folder's places and port."""
    lines = template.splitlines()
    limits = [line for line in lines if line.partition(" ")[0] not in _PLACES]
    places = [
        # Started as root, mosquitto would become another user, who cannot read this folder.
        f"user {running_user}",
        f"listener {ports['broker']} 127.0.0.1",
        f"password_file {folder.centre / 'broker' / 'passwords'}",
        f"acl_file {folder.centre / 'broker' / 'acl'}",
        f"persistence_location {folder.broker}/",
        "log_dest stderr",
    ]
    return "\n".join([*limits, *places, ""])


def _camera_section(
    camera: Camera, folder: Folder, ports: Mapping[str, int], options: Options
) -> Document:
    section: Document = {"id": camera.id, "name": camera.name, "area": camera.area}
    real = options.camera if camera is world.CAMERAS[0] else None
    if real:
        section |= {"driver": "rtsp", "analysis_uri": real.uri}
        if real.username:
            section |= {
                "username": real.username,
                "password_file": str(folder.secrets / "real-camera"),
            }
    else:
        section |= {
            "driver": "onvif",
            "xaddr": f"http://127.0.0.1:{ports[f'{camera.id}.http']}/onvif/device_service",
            "username": "gateway",
            "password_file": str(folder.secrets / camera.id),
        }
    return section | {
        "zones": [_zone_section(zone) for zone in camera.zones],
        "unattended_s": options.unattended_s,
        "loudspeakers": list(camera.loudspeakers),
    }


def _zone_section(zone: Zone) -> Document:
    return {
        "name": zone.name,
        "purpose": zone.purpose,
        "polygon": [list(corner) for corner in zone.polygon],
        "hours": list(zone.hours),
    }


def _loudspeaker_section(loudspeaker: Loudspeaker, ports: Mapping[str, int]) -> Document:
    return {
        "id": loudspeaker.id,
        "name": loudspeaker.name,
        "area": loudspeaker.area,
        "driver": "rtp_multicast",
        "address": loudspeaker.address,
        "port": ports[loudspeaker.id],
        "codec": loudspeaker.codec,
        "interface": "127.0.0.1",
    }
