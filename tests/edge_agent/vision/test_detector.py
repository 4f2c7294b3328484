"""The optional second look: small ONNX models made here, run by the real onnxruntime."""

import base64
import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from structlog.testing import capture_logs

from edge_agent import cli, replay
from edge_agent.detector_model import find_fault
from edge_agent.strict_yaml import ConfigurationError
from edge_agent.vision.detector.layouts import DetectorRefused, decode_rows, suppress
from edge_agent.vision.detector.model import COCO, Detection, ObjectDetector
from edge_agent.vision.detector.opinion import SecondLook, weigh
from edge_agent.vision.findings import AnyFinding, LitteringConfirmed
from edge_agent.vision.orders import Detector
from tests.edge_agent.tuning.test_commands import GATEWAY
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.vision_process import write_clip

SIDE = 64
PERSON, SUITCASE = COCO.index("person"), COCO.index("suitcase")


def model(path: Path, output: np.ndarray, *, dtype: type = np.float32, batch: int = 1) -> Detector:
    """Write a model that answers `output` times the mean of the picture."""
    number = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    source = helper.make_tensor_value_info("images", number, [batch, 3, SIDE, SIDE])
    target = helper.make_tensor_value_info("output0", number, list(output.shape))
    axes = numpy_helper.from_array(np.array([0, 1, 2, 3]), "axes")
    answer = numpy_helper.from_array(output.astype(dtype), "answer")
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["answer", "mean"], ["output0"]),
    ]
    graph = helper.make_graph(nodes, "answers", [source], [target], [axes, answer])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(made, str(path))
    return Detector(model_file=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def rows_v8(*found: tuple[int, float, tuple[float, float, float, float]]) -> np.ndarray:
    """Return output of shape (1, 84, 100): centre x, y, width, height, then the class scores."""
    output = np.zeros((1, 84, 100), np.float32)
    for number, (kind, confidence, box) in enumerate(found):
        output[0, :4, number] = box
        output[0, 4 + kind, number] = confidence
    return output


def gateway_with(folder: Path, detector: Detector) -> Path:
    """Write a configuration whose model is `m.onnx` beside it."""
    (folder / "token").write_text("secret")
    (folder / "token").chmod(0o600)
    given = f"{{model_file: m.onnx, sha256: '{detector.sha256}', licence: CC0-1.0}}"
    gateway = folder / "gateway.yaml"
    key = base64.b64encode(bytes(range(32))).decode()
    gateway.write_text(GATEWAY.replace("KEY", key) + f"detector: {given}\n")
    return gateway


WHITE = np.full((32, 64, 3), 255, np.uint8)
"""Twice as wide as high: half of the model's square stays grey."""


def test_what_the_model_sees_is_told_in_shares_of_the_picture(tmp_path: Path) -> None:
    """The square that the model takes is larger than the picture; boxes are the picture's."""
    mean = 0.5 * (1.0 + 114 / 255)
    output = rows_v8((SUITCASE, 0.8, (32, 16, 32, 16)), (PERSON, 0.1, (10, 10, 4, 4)))
    detector = ObjectDetector(model(tmp_path / "m.onnx", output / mean))
    (seen,) = detector.look(WHITE)
    assert (seen.label, seen.confidence) == ("suitcase", pytest.approx(0.8, abs=0.01))
    assert seen.box == pytest.approx((0.25, 0.25, 0.5, 0.5), abs=0.01)


def test_a_model_is_used_only_with_its_hash(tmp_path: Path) -> None:
    """Another file under the name is refused, named, with the hash it has."""
    settings = model(tmp_path / "m.onnx", rows_v8())
    with pytest.raises(DetectorRefused, match=settings.sha256):
        ObjectDetector(settings.model_copy(update={"sha256": "0" * 64}))


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), (b"no model", "cannot be loaded")]
)
def test_a_file_that_is_no_model_is_refused(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    """When it is loaded, not at the first alarm."""
    path = tmp_path / "m.onnx"
    if content is not None:
        path.write_bytes(content)
    wanted = Detector(model_file=str(path), sha256=hashlib.sha256(content or b"").hexdigest())
    with pytest.raises(DetectorRefused, match=says):
        ObjectDetector(wanted)


def test_a_model_of_another_layout_is_refused_at_once(tmp_path: Path) -> None:
    """Its output fits no labels."""
    with pytest.raises(DetectorRefused, match="no known layout"):
        ObjectDetector(model(tmp_path / "m.onnx", np.zeros((1, 7, 9), np.float32)))


def test_three_layouts_say_the_same() -> None:
    """One person at the same place, as YOLOv8, v5 and v10 write it."""
    v8 = rows_v8((PERSON, 0.9, (30, 20, 10, 20)))
    v5 = np.zeros((1, 100, 85), np.float32)
    v5[0, 0, :6] = (30, 20, 10, 20, 0.9, 1.0)
    v10 = np.zeros((1, 100, 6), np.float32)
    v10[0, 0] = (25, 10, 35, 30, 0.9, PERSON)
    for raw in (v8, v5, v10):
        best = max(decode_rows(raw, classes=80), key=lambda row: row[4])
        assert best == pytest.approx([25, 10, 35, 30, 0.9, PERSON])


@given(
    st.lists(
        st.tuples(*[st.floats(0, 60, width=32)] * 4, st.floats(0, 1, width=32), st.integers(0, 2)),
        max_size=20,
    )
)
def test_of_boxes_that_cover_each_other_the_most_certain_stays(rows: list) -> None:
    """Nothing is invented, the best always stays, and once is enough."""
    table = np.array([(x, y, x + w, y + h, c, k) for x, y, w, h, c, k in rows], np.float32)
    table = table.reshape(-1, 6)
    kept = suppress(table)
    given_rows = {tuple(row) for row in table.tolist()}
    assert all(tuple(row) in given_rows for row in kept.tolist())
    assert len(kept) == 0 or kept[0][4] == table[:, 4].max()
    assert np.array_equal(suppress(kept), kept)


BOX = (0.4, 0.4, 0.2, 0.2)
shares = st.floats(0, 1)
detections = st.builds(
    Detection,
    label=st.sampled_from(["person", "suitcase", "car"]),
    confidence=shares,
    box=st.tuples(shares, shares, shares, shares),
)


def test_a_person_there_speaks_against_a_suitcase_for_it() -> None:
    """What lies elsewhere says nothing."""
    person = Detection(label="person", confidence=0.8, box=(0.35, 0.1, 0.3, 0.6))
    suitcase = Detection(label="suitcase", confidence=0.8, box=BOX)
    away = Detection(label="person", confidence=0.9, box=(0.0, 0.0, 0.3, 0.3))
    against, for_it = weigh(0.6, BOX, (person, away)), weigh(0.6, BOX, (suitcase,))
    assert against is not None
    assert for_it is not None
    assert against.score < 0.6 < for_it.score
    assert against.reason == "detector_person_0.80"
    assert weigh(0.6, BOX, (away,)) is None


@pytest.mark.parametrize(
    ("label", "code", "less"),
    [
        ("Person", "person", True),
        (" MOTORCYCLE", "motorcycle", True),
        ("Traffic light", "traffic_light", False),
        ("wine_glass", "wine_glass", False),
    ],
)
def test_a_name_is_understood_however_it_is_written(label: str, code: str, *, less: bool) -> None:
    """The reason is the code that the centre has words for."""
    opinion = weigh(0.6, BOX, (Detection(label=label, confidence=0.8, box=BOX),))
    assert opinion is not None
    assert (opinion.score < 0.6) is less
    assert opinion.reason == f"detector_{code}_0.80"


@given(shares, st.lists(detections, max_size=5))
def test_an_opinion_never_decides_alone(score: float, found: list[Detection]) -> None:
    """The score stays a share, and is at worst halved."""
    opinion = weigh(score, BOX, tuple(found))
    if opinion is not None:
        assert score / 2 <= opinion.score + 1e-9
        assert opinion.score <= 1.0


def test_a_candidate_is_looked_at_with_its_surroundings(tmp_path: Path) -> None:
    """A model that sees a suitcase in the middle of the crop raises the score of what lies there."""
    output = rows_v8((SUITCASE, 0.9, (32, 32, 40, 40)))
    settings = model(tmp_path / "m.onnx", output)
    image = np.full((240, 320, 3), 255, np.uint8)
    looks = SecondLook()
    opinion = looks.opinion(settings, image, (0.45, 0.45, 0.1, 0.1), 0.5, camera_id="gate")
    assert opinion is not None
    assert opinion.score > 0.5
    assert opinion.reason.startswith("detector_suitcase_")
    assert looks.opinion(None, image, BOX, 0.5, camera_id="gate") is None


def test_without_its_model_everything_goes_on(tmp_path: Path) -> None:
    """A missing file is no failure of the analysis."""
    missing = Detector(model_file=str(tmp_path / "none.onnx"), sha256="0" * 64)
    assert SecondLook().opinion(missing, WHITE, BOX, 0.5, camera_id="gate") is None


@pytest.mark.parametrize("unsuitable", [{"dtype": np.float16}, {"batch": 4}])
def test_a_model_that_fails_is_told_once_and_asked_no_more(
    unsuitable: dict, tmp_path: Path
) -> None:
    """With the camera it was asked for and what the technician must do."""
    settings = model(tmp_path / "m.onnx", rows_v8(), **unsuitable)
    looks = SecondLook()
    with capture_logs() as logged:
        for camera_id in ("gate", "yard"):
            assert looks.opinion(settings, WHITE, BOX, 0.5, camera_id=camera_id) is None
    (line,) = logged
    assert (line["event"], line["camera_id"]) == ("detector_refused", "gate")
    assert settings.model_file in line["why"]
    assert "gateway.yaml" in line["remedy"]


def test_what_has_no_label_and_what_is_no_number_is_dropped(tmp_path: Path) -> None:
    """Of an end-to-end model that knows more classes than the configuration names."""
    output = np.zeros((1, 6, 6), np.float32)
    output[0] = (8, 8, 24, 24, 0.9, 1)
    output[0, :, 5] = (60, 3, -1, np.nan, 1, 1)
    output[0, 4, 4] = np.inf
    settings = model(tmp_path / "m.onnx", output)
    detector = ObjectDetector(settings.model_copy(update={"labels": ("a", "b", "c")}))
    (seen,) = detector.look(np.full((SIDE, SIDE, 3), 255, np.uint8))
    assert (seen.label, seen.confidence) == ("b", pytest.approx(0.9))


@pytest.mark.parametrize("unsuitable", [{}, {"dtype": np.float16}])
def test_an_unsuitable_model_holds_back_no_alarm(unsuitable: dict, tmp_path: Path) -> None:
    """Whether it names what has no label or takes another input: the score stays as it was."""
    clip = write_clip(tmp_path / "deposit.mp4", deposit(), until_s=24)
    # It answers in proportion to the brightness: the grey it is tried with is too dark.
    output = np.zeros((1, 5, 6), np.float32)
    output[0, 0] = (0, 0, 128, 128, 1.6, 120)
    unfit = model(tmp_path / "m.onnx", output, **unsuitable)
    plain = replay.watch_of(clip, None, unattended_s=5)
    unfit = unfit.model_copy(update={"labels": ("a", "b", "c"), "least_confidence": 0.75})
    told: list[LitteringConfirmed] = []
    for watched in (plain, plain.model_copy(update={"detector": unfit})):
        found: list[AnyFinding] = []
        replay.play(clip, watched, found.extend)
        told += [finding for finding in found if isinstance(finding, LitteringConfirmed)]
    without, unheard = told
    assert (unheard.score, unheard.reasons) == (without.score, without.reasons)


def test_the_score_of_a_left_object_is_weighed_when_it_is_confirmed(tmp_path: Path) -> None:
    """A model that sees a suitcase there is named among the reasons; the alarm comes either way."""
    clip = tmp_path / "deposit.mp4"
    write_clip(clip, deposit(), until_s=24)
    plain = replay.watch_of(clip, None, unattended_s=5)
    # It answers in proportion to the brightness, here about a half: all of the crop, 0.7.
    sees = model(tmp_path / "m.onnx", rows_v8(*[(SUITCASE, 1.4, (64, 64, 160, 160))]))
    told: list[LitteringConfirmed] = []
    for watched in (plain, plain.model_copy(update={"detector": sees})):
        found: list[AnyFinding] = []
        replay.play(clip, watched, found.extend)
        told += [finding for finding in found if isinstance(finding, LitteringConfirmed)]
    without, weighed = told
    assert weighed.reasons[:-1] == without.reasons
    assert weighed.reasons[-1].startswith("detector_suitcase_")
    assert weighed.score >= without.score
    assert weighed.box == without.box


def test_a_replay_asks_the_model_that_the_gateway_would_ask(tmp_path: Path) -> None:
    """And refuses one that is not the approved file, saying what to do."""
    clip = write_clip(tmp_path / "deposit.mp4", deposit(), until_s=24)
    sees = model(tmp_path / "m.onnx", rows_v8(*[(SUITCASE, 1.4, (64, 64, 160, 160))]))
    gateway = gateway_with(tmp_path, sees)
    assert replay.chosen_watch(clip, gateway, None).detector == sees.model_copy(
        update={"model_file": str(tmp_path / "m.onnx")}
    )
    gateway.write_text(gateway.read_text().replace(sees.sha256, "0" * 64))
    with pytest.raises(ConfigurationError, match="fetch the approved model"):
        replay.chosen_watch(clip, gateway, None)


@pytest.mark.parametrize(
    ("unsuitable", "why"),
    [({"dtype": np.float16}, "fails"), ({"batch": 4}, "fails"), ({}, "")],
)
def test_check_tries_the_model(
    unsuitable: dict, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model that does not fit is said before the agent runs, and not at its first alarm."""
    tried = model(tmp_path / "m.onnx", rows_v8(), **unsuitable)
    gateway = gateway_with(tmp_path, tried)
    code = cli.main(["check", "--config", str(gateway)])
    said = capsys.readouterr()
    assert code == (cli.EXIT_CONFIGURATION if why else cli.EXIT_DONE), said.err
    assert ("correct" in said.out) is not bool(why)
    if why:
        assert f"m.onnx {why}" in said.err
        assert "docs/tuning.md" in said.err


def test_a_detector_without_its_package_is_said_before_the_first_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `edge-agent check`, with what to install."""
    approved = model(tmp_path / "m.onnx", rows_v8())
    assert find_fault(Path(approved.model_file), approved.sha256) is None
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    fault = find_fault(Path(approved.model_file), approved.sha256)
    assert fault is not None
    assert "requirements-detector.lock" in fault
