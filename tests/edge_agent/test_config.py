"""gateway.yaml is refused with the key, the line and what was probably meant."""

import base64
import hashlib
import textwrap

import pytest

from edge_agent import config
from edge_agent.cameras.zones import order_zones
from edge_agent.secret_files import read_secret, too_open
from edge_agent.strict_yaml import ConfigurationError
from edge_agent.vision import camera
from edge_agent.vision.intake import main_stream

KEY = base64.b64encode(bytes(range(32))).decode()
BASE = f"""\
site_id: sang-moc
gateway_id: nha-van-hoa
data_dir: data
centre:
  url: https://ioc.example
  token_file: token
  public_key: {KEY}
broker:
  host: 127.0.0.1
  port: 1883
  password_file: password
"""
CAMERA = """\
cameras:
  - id: cam1
    name: Cổng
    area: ban-chuong
    driver: onvif
    xaddr: http://192.0.2.7/onvif/device_service
    username: admin
    password_file: cam
    zones:
      - name: bãi
        purpose: no_dumping
        polygon: [[0, 0], [1, 0], [1, 1]]
"""
ZONE = """\
        polygon: [[0, 0], [1, 0], [1, 1]]
"""
LOITERING = (
    ZONE
    + """\
      - name: ghế đá
        purpose: loitering
        polygon: [[0, 0], [1, 0], [1, 1]]
"""
)
WHOLE_MASK = """\
    masks:
      - [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
      - [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
"""
CROSSED_MASK = """\
    masks: [[[0.1, 0.1], [0.4, 0.1], [0.1, 0.4], [0.4, 0.4]]]
"""
HALF_MASK = """\
    masks: [[[0, 0], [1, 0], [1, 1]]]
"""


@pytest.fixture
def load(tmp_path):
    for name in ("token", "password", "cam"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o600)

    def from_text(text: str):
        (tmp_path / "gateway.yaml").write_text(textwrap.dedent(text))
        return config.load(tmp_path / "gateway.yaml")

    return from_text


def faults(load, text: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(text)
    return str(refused.value)


def test_a_correct_file_is_read_with_paths_made_absolute(load, tmp_path):
    """Relative paths start at the file's folder; secrets stay in their files."""
    loaded = load(BASE + CAMERA)
    assert loaded.data_dir == tmp_path / "data"
    assert loaded.cameras[0].password_file == tmp_path / "cam"
    assert "secret" not in repr(loaded)
    assert read_secret(loaded.centre.token_file) == "secret"


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest(load):
    """The technician is told where and what was probably meant."""
    text = BASE + CAMERA.replace("purpose:", "purpos:")
    assert "line 22: cameras[0].zones[0].purpos is no setting; did you mean purpose?" in faults(
        load, text
    )


def test_all_faults_are_told_at_once(load):
    """Nobody mends a file one fault at a time."""
    text = BASE.replace("gateway_id", "gatway_id").replace("port: 1883", "port: 99999")
    told = faults(load, text).splitlines()
    assert len(told) == 3
    assert any("gateway_id is missing" in line for line in told)
    assert any("did you mean gateway_id" in line for line in told)
    assert any(line.startswith("line 10: broker.port") for line in told)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("https://ioc", "http://ioc", "only by https"),
        ("host: 127.0.0.1", "host: mqtt.example", "needs tls"),
        ("token_file: token", "token_file: nowhere", "there is no file"),
        (f"public_key: {KEY}", "public_key: abc", "ioc gateway add"),
        ("[1, 1]]", "[1, 1.5]]", "line 23"),
        ("[1, 0], [1, 1]]", "[1, 0]]", "polygon"),
        ("xaddr:", "analysis_uri:", "an onvif camera needs xaddr"),
        ("http://192.0.2.7", "http://admin:pw@192.0.2.7", "holds no credentials"),
        ("    username: admin\n", "", "belong together"),
        ("    driver: onvif", "    driver: onvif\n    loudspeakers: [loa9]", "loa9"),
        ("site_id: sang-moc", "site_id: centre", "reserved"),
        ("site_id: sang-moc", "site_id: Sảng Mộc", "is not an id"),
        ("data_dir: data", "data_dir: data\nring_memory_mb: 10", "ring_memory_mb of 20"),
        ("data_dir: data", "data_dir: data\ndata_dir: other", "given twice"),
        ("broker:", "broker: [", "line"),
        ("data_dir: data", "data_dir: data\ntime_zone: Hanoi", "write it like Asia/Ho_Chi_Minh"),
        ("        purpose: no_dumping", "        purpose: parking", "line 22"),
        (ZONE, ZONE + "        hours: [22-5]\n", "write them like 22:00-05:00"),
        (ZONE, ZONE + "        present_s: 5\n", "present_s means nothing in a zone for no_dumping"),
        (ZONE, LOITERING + "        crowd_share: 0.5\n", "it is for crowding"),
        (ZONE, ZONE + "    clip: {before_s: 60}\n", "cameras[0].clip.before_s"),
        (
            "[1, 0], [1, 1]]",
            "[0.5, 0.5], [1, 1]]",
            "line 23: cameras[0].zones[0].polygon: covers no",
        ),
        (ZONE, ZONE + WHOLE_MASK, "line 24: cameras[0].masks: the masks cover the whole picture"),
        (ZONE, ZONE + HALF_MASK, "line 20: cameras[0].zones: the zone bãi lies wholly under"),
        (ZONE, ZONE + "    masks: [[[0, 0], [0, 0], [0, 0]]]\n", "cameras[0].masks[0]: covers no"),
    ],
)
def test_what_cannot_work_is_refused(load, before, after, told):
    """Every fault that would only show at run time is found before."""
    text = (BASE + CAMERA).replace(before, after)
    assert told in faults(load, text)


def test_a_corner_outside_the_picture_is_the_only_fault_of_its_zone(load):
    """What follows from it is no second one; too few corners are a fault of their own."""
    outside = (BASE + CAMERA).replace("[1, 0], [1, 1]]", "[1, 0], [1, 1.5]]")
    (told,) = faults(load, outside).splitlines()
    assert "polygon[2][1]" in told
    few = (BASE + CAMERA).replace("[1, 0], [1, 1]]", "[1, 0]]")
    assert "polygon: needs at least 3, here are 2" in faults(load, few)


def test_a_camera_is_counted_with_what_its_rings_may_hold():
    """60 s or 8 MB of the sub-stream, 20 s or 12 MB of the main stream."""
    assert (camera.ANALYSIS_RING_S, main_stream.EVIDENCE_RING_S) == (60.0, 20.0)
    rings_bytes = camera.ANALYSIS_RING_BYTES + main_stream.EVIDENCE_RING_BYTES
    assert rings_bytes == config.RING_MB_PER_CAMERA * 1_000_000


def test_two_devices_with_one_id_are_refused(load):
    """An id names one device of the gateway."""
    second = CAMERA.removeprefix("cameras:\n")
    assert "2 devices have the id cam1" in faults(load, BASE + CAMERA + second)


def test_secrets_may_come_from_systemd(load, tmp_path, monkeypatch):
    """A credential loaded by systemd stands before a file beside the configuration."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "token").write_text("from systemd")
    (folder / "cameras_lane").write_text("of the lane")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    text = BASE + CAMERA.replace("password_file: cam", "password_file: cameras/lane")
    loaded = load(text)
    assert read_secret(loaded.centre.token_file) == "from systemd"
    assert read_secret(loaded.cameras[0].password_file) == "of the lane"


def test_an_empty_secret_is_found_before_the_agent_runs(load, tmp_path):
    """The check says it with its line; a technician does not learn it from a dark camera."""
    (tmp_path / "cam").write_text("\n")
    told = faults(load, BASE + CAMERA)
    assert "cameras[0].password_file" in told
    assert "is empty" in told


def test_an_interface_is_an_address(load):
    """A name of an interface would fail only when something is to be played."""
    loudspeaker = """\
loudspeakers:
  - {id: loa1, name: Loa, area: ban-chuong, driver: rtp_multicast,
     address: 239.255.10.1, port: 5004, interface: eth0}
"""
    assert "loudspeakers[0].interface: must be an IPv4 address" in faults(load, BASE + loudspeaker)


LOUDSPEAKERS = """\
loudspeakers:
  - id: loa1
    name: Loa
    area: ban-chuong
    driver: sip
    address: 192.0.2.8
    username: ioc
    password_file: cam
"""


def test_a_loudspeaker_has_the_keys_of_its_driver(load, tmp_path):
    """The player is told what its driver needs; the password goes beside it."""
    (loudspeaker,) = load(BASE + LOUDSPEAKERS).loudspeakers
    sink = loudspeaker.sink
    assert (sink.driver, sink.address, sink.username) == ("sip", "192.0.2.8", "ioc")
    assert not hasattr(sink, "password_file")
    assert loudspeaker.password_file == tmp_path / "cam"
    assert (loudspeaker.volume_db, loudspeaker.emergency_volume_db) == (-6, 0)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "address: 192.0.2.8",
            "address: sip:loa@192.0.2.8",
            "loudspeakers[0].address: String should",
        ),
        ("driver: sip", "driver: sipp", "line 13: loudspeakers[0].driver: must be one of 'rtp_"),
        ("    driver: sip\n", "", "line 13: loudspeakers[0].driver is missing"),
        ("address:", "adress:", "line 17: loudspeakers[0].adress is no setting; did you mean ad"),
        ("address: 192.0.2.8", "port: 70000", "line 17: loudspeakers[0].port: Input should be"),
        ("    password_file: cam\n", "", "line 13: loudspeakers[0]: username and password_file"),
        ("driver: sip\n    address: 192.0.2.8\n    username: ioc", "driver: alsa", "no account"),
        ("username", "emergency_volume_db: -20\n    username", "the quieter one"),
        ("username", "self_test_at: 13:00\n    username", "write it in quotes, like '03:00'"),
        ("username", "near_cameras: [cam7]\n    username", "names the camera cam7, which is not"),
        (
            "driver: sip\n    address: 192.0.2.8",
            "driver: axis_vapix\n    url: ftp://192.0.2.8",
            "must begin with http:// or https://",
        ),
        (
            "driver: sip\n    address: 192.0.2.8",
            "driver: onvif_backchannel\n    url: rtsp://ioc:pw@192.0.2.8/1",
            "an address holds no credentials",
        ),
    ],
)
def test_a_loudspeaker_that_cannot_work_is_refused(load, before, after, told):
    """With its line, whatever its driver."""
    assert told in faults(load, BASE + LOUDSPEAKERS.replace(before, after))


def test_an_empty_secret_is_refused(load, tmp_path):
    """An empty password file is a mistake, not a password."""
    loaded = load(BASE)
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        read_secret(loaded.centre.token_file)


def test_secrets_that_others_can_read_are_warned_of(load, tmp_path):
    """`edge-agent check` says which file to close."""
    token = load(BASE).centre.token_file
    assert not too_open([token])
    token.chmod(0o644)
    assert "chmod 600" in too_open([token])[0]


OTHER_CAMERA = CAMERA.replace("cameras:\n", "").replace("id: cam1", "id: cam2")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (CAMERA.replace("[1, 1]]", "[1, 1.2]]"), "1.2 lies outside the picture"),
        (CAMERA + WHOLE_MASK, "the masks cover the whole picture"),
        (CAMERA + HALF_MASK, "the zone bãi lies wholly under"),
        (CAMERA + CROSSED_MASK, "masks[0]: its outline crosses itself"),
    ],
)
def test_one_cameras_wrong_view_stops_no_other(load, tmp_path, wrong, why):
    """It is known with its fault, and nothing of it may be watched; all others run."""
    fault = faults(load, BASE + wrong + OTHER_CAMERA)
    assert why in fault
    assert "\n" not in fault, "one fault is told once"
    loaded = config.load_sparing(tmp_path / "gateway.yaml")
    unwatched, watched = loaded.cameras
    assert isinstance(unwatched, config.UnwatchedCamera)
    assert (unwatched.id, unwatched.name, unwatched.zones) == ("cam1", "Cổng", ())
    assert unwatched.fault == fault
    assert not isinstance(watched, config.UnwatchedCamera)
    assert watched == load(BASE + "cameras:\n" + OTHER_CAMERA).cameras[0]


def test_what_else_is_wrong_stops_the_gateway(load, tmp_path):
    """Nobody knows which gateway or which camera was meant."""
    wrong = CAMERA.replace("[1, 1]]", "[1, 1.2]]").replace("driver: onvif", "driver: onfiv")
    faults(load, BASE + wrong)
    with pytest.raises(ConfigurationError):
        config.load_sparing(tmp_path / "gateway.yaml")


def test_a_zone_says_when_and_how_long_it_watches(load):
    """What a zone leaves out is as usual for its purpose; a polygon may serve two purposes."""
    text = (
        BASE
        + CAMERA
        + """\
      - name: ban đêm
        purpose: intrusion
        polygon: [[0, 0], [1, 0], [1, 1]]
        hours: ["22:00-05:00", "12:00-13:30"]
      - name: ghế đá
        purpose: loitering
        polygon: [[0, 0], [1, 0], [1, 1]]
        present_s: 120
      - name: cổng chợ
        purpose: crowding
        polygon: [[0, 0], [1, 0], [1, 1]]
        crowd_share: 0.6
"""
    )
    loaded = load(text)
    assert loaded.time_zone == "Asia/Ho_Chi_Minh"
    assert (loaded.cameras[0].clip.before_s, loaded.cameras[0].clip.after_s) == (8, 4)
    dumping, night, bench, gate = order_zones(loaded.cameras[0], {"ban đêm": False})
    assert len(loaded.cameras[0].zones[1].daily_hours) == 2
    assert (dumping.armed, night.armed) == (True, False)
    assert (night.present_s, bench.present_s, gate.present_s) == (1, 120, 10)
    assert (bench.crowd_share, gate.crowd_share) == (0.35, 0.6)


DETECTOR = """\
detector:
  model_file: people.onnx
  sha256: {}
  licence: Apache-2.0
"""


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "there is no file"), (b"another model", "not the one given")],
)
def test_a_detector_that_is_not_there_is_refused_by_the_check_only(load, tmp_path, content, told):
    """Whoever checks is told; a gateway that runs does without it, for nothing depends on it."""
    if content is not None:
        (tmp_path / "people.onnx").write_bytes(content)
    text = BASE + DETECTOR.format(hashlib.sha256(b"a model").hexdigest())
    assert load(text).detector.licence == "Apache-2.0"
    with pytest.raises(ConfigurationError, match=f"line 12: detector: .*{told}"):
        config.load(tmp_path / "gateway.yaml", checks_files=True)


def test_the_approved_detector_is_accepted(load, tmp_path):
    """Its hash is that of the file; the file is found from the configuration's folder."""
    (tmp_path / "people.onnx").write_bytes(b"a model")
    load(BASE + DETECTOR.format(hashlib.sha256(b"a model").hexdigest()))
    loaded = config.load(tmp_path / "gateway.yaml", checks_files=True)
    assert loaded.detector.model_file == tmp_path / "people.onnx"


def test_a_detector_without_licence_is_refused(load):
    """Somebody must answer for its use."""
    text = BASE + DETECTOR.format("a" * 64).replace("  licence: Apache-2.0\n", "")
    assert "detector.licence is missing" in faults(load, text)
