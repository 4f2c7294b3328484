"""Who and what the demonstration commune consists of; facts only."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Area:
    """A commune or one of its hamlets."""

    id: str
    name: str
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who signs in."""

    login: str
    role: str
    name: str
    area: str
    does: str
    """What this person is for, in the list of first passwords."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A place that is watched; `scene` names the drawn scene of the simulated camera."""

    id: str
    name: str
    area: str
    scene: str
    loudspeakers: tuple[str, ...]
    no_dumping: tuple[tuple[float, float], ...]
    """The zone in which nothing may be left: shares of the picture's width and height."""


@dataclass(frozen=True, kw_only=True)
class Loudspeaker:
    """An IP loudspeaker that listens on a multicast group."""

    id: str
    name: str
    area: str
    address: str
    codec: str


COMMUNE = "Xã Sảng Mộc"
HAMLET_WORD = "xóm"
TIME_ZONE = "Asia/Ho_Chi_Minh"
SITE = "sang-moc"
GATEWAY = "nha-van-hoa"
GATEWAY_NAME = "Tủ thiết bị nhà văn hóa xã"
WHOLE_PICTURE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

AREAS = (
    Area(id="sang-moc", name=COMMUNE),
    Area(id="ban-chuong", name="Bản Chương", parent="sang-moc"),
    Area(id="na-lay", name="Nà Lay", parent="sang-moc"),
    Area(id="khuoi-meo", name="Khuổi Mèo", parent="sang-moc"),
)

PEOPLE = (
    Person(
        login="truc",
        role="operator",
        name="Trực ban",
        area="sang-moc",
        does="operator, watches the console",
    ),
    Person(
        login="truongxom",
        role="hamlet_head",
        name="Trưởng xóm Bản Chương",
        area="ban-chuong",
        does="hamlet head, speaks from the phone page",
    ),
    Person(
        login="kythuat",
        role="technician",
        name="Kỹ thuật viên",
        area="sang-moc",
        does="technician, looks after devices",
    ),
    Person(
        login="quantri",
        role="admin",
        name="Quản trị",
        area="sang-moc",
        does="administrator",
    ),
)

CAMERAS = (
    Camera(
        id="ngo-ban-chuong",
        name="Ngõ Bản Chương",
        area="ban-chuong",
        scene="lane-dumping",
        loudspeakers=("loa-ban-chuong",),
        no_dumping=WHOLE_PICTURE,
    ),
    Camera(
        id="cong-cho-na-lay",
        name="Cổng chợ Nà Lay",
        area="na-lay",
        scene="market-gate",
        loudspeakers=("loa-na-lay",),
        no_dumping=WHOLE_PICTURE,
    ),
    Camera(
        id="nha-van-hoa-khuoi-meo",
        name="Nhà văn hóa Khuổi Mèo",
        area="khuoi-meo",
        scene="culture-house",
        loudspeakers=("loa-na-lay",),
        no_dumping=WHOLE_PICTURE,
    ),
)

LOUDSPEAKERS = (
    Loudspeaker(
        id="loa-ban-chuong",
        name="Loa Bản Chương",
        area="ban-chuong",
        address="239.255.42.1",
        codec="pcmu",
    ),
    Loudspeaker(
        id="loa-na-lay",
        name="Loa Nà Lay",
        area="na-lay",
        address="239.255.42.2",
        codec="pcma",
    ),
)
