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

    @property
    def email(self) -> str:
        """Where this person is told of alarms; the commune's own mailbox takes it."""
        return f"{self.login}@{MAIL_DOMAIN}"


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Who is on duty for the commune, every day; logins."""

    begins: str
    ends: str
    person: str
    deputy: str
    leader: str


@dataclass(frozen=True, kw_only=True)
class Zone:
    """What is watched for, where and when, in the gateway's words."""

    name: str
    purpose: str
    polygon: tuple[tuple[float, float], ...]
    """Shares of the picture's width and height."""
    hours: tuple[str, ...] = ()
    """None: always."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A place that is watched; `scene` names the drawn scene of the simulated camera."""

    id: str
    name: str
    area: str
    scene: str
    loudspeakers: tuple[str, ...]
    zones: tuple[Zone, ...]


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
MAIL_DOMAIN = "sang-moc.example"
GATEWAY = "nha-van-hoa"
GATEWAY_NAME = "Tủ thiết bị nhà văn hóa xã"
WHOLE_PICTURE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
NO_DUMPING = Zone(name="toàn cảnh", purpose="no_dumping", polygon=WHOLE_PICTURE)
IN_FRONT = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
"""The ground between the camera and what it looks at."""
DOOR_STEPS = ((0.40, 0.50), (0.62, 0.50), (0.62, 0.64), (0.40, 0.64))
"""Of the culture house: who comes out of it passes here, who crosses the yard does not."""

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
        login="trucdem",
        role="operator",
        name="Trực đêm",
        area="sang-moc",
        does="operator of the night, takes over the shift",
    ),
    Person(
        login="lanhdao",
        role="leader",
        name="Lãnh đạo xã",
        area="sang-moc",
        does="leader, sets roster and rules",
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

SHIFTS = (
    Shift(begins="07:00", ends="19:00", person="truc", deputy="trucdem", leader="lanhdao"),
    Shift(begins="19:00", ends="07:00", person="trucdem", deputy="truc", leader="lanhdao"),
)

CAMERAS = (
    Camera(
        id="ngo-ban-chuong",
        name="Ngõ Bản Chương",
        area="ban-chuong",
        scene="lane-dumping",
        loudspeakers=("loa-ban-chuong",),
        zones=(NO_DUMPING,),
    ),
    Camera(
        id="cong-cho-na-lay",
        name="Cổng chợ Nà Lay",
        area="na-lay",
        scene="market-gate",
        loudspeakers=("loa-na-lay",),
        zones=(
            NO_DUMPING,
            Zone(name="trước cổng chợ", purpose="crowding", polygon=IN_FRONT),
            Zone(name="cổng chợ", purpose="loitering", polygon=IN_FRONT),
        ),
    ),
    Camera(
        id="nha-van-hoa-khuoi-meo",
        name="Nhà văn hóa Khuổi Mèo",
        area="khuoi-meo",
        scene="culture-house",
        loudspeakers=("loa-na-lay",),
        zones=(
            NO_DUMPING,
            Zone(
                name="cửa nhà văn hóa",
                purpose="intrusion",
                polygon=DOOR_STEPS,
                hours=("22:00-05:00",),
            ),
        ),
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
