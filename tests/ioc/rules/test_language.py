"""Rules as people write them: every fault has its line and says what to write instead."""

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ioc.rules.language import Fault, Known, RulesFaulty, Severity, read_rules, switch
from ioc.rules.language.document import (
    Absence,
    Change,
    Comparison,
    EventTest,
    Rate,
    RuleShape,
    Sequence,
    SeriesTest,
    Step,
)

ROOT = Path(__file__).parents[3]
BAD = ROOT / "tests" / "golden" / "rules" / "bad"
KNOWN = Known(
    areas={"xa": None, "ban-chuong": "xa", "na-lay": "xa"},
    where={("tu-1", ""): "ban-chuong", ("tu-1", "cam-1"): "ban-chuong"},
    series=[("tu-1", "", "cpu_share")],
)


@pytest.mark.parametrize("file", sorted(BAD.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_fault_is_named_with_its_line_and_its_remedy(file: Path) -> None:
    """A faulty file says the same sentences as ever; UPDATE_GOLDEN=1 writes them anew."""
    with pytest.raises(RulesFaulty) as raised:
        read_rules(file.read_text("utf-8"), KNOWN)
    said = [
        {"line": fault.line, "severity": str(fault.severity), "vi": fault.vi, "en": fault.en}
        for fault in raised.value.faults
    ]
    golden = file.with_suffix(".said")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")
    assert said == yaml.safe_load(golden.read_text("utf-8"))


def test_library_of_ready_rules_is_whole() -> None:
    """config/rules.yaml holds at least ten rules, without a fault."""
    text = read_rules((ROOT / "config" / "rules.yaml").read_text("utf-8"), Known())
    assert len(text.document.rules) >= 10
    assert text.warnings == ()
    assert all(rule.advice for rule in text.document.rules)


def test_every_key_of_the_language_is_explained() -> None:
    """docs/rules.md has each key that may be written."""
    parts = [RuleShape, EventTest, Step, Sequence, SeriesTest, Rate, Change, Absence, Comparison]
    keys = {info.alias or name for part in parts for name, info in part.model_fields.items()}
    text = (ROOT / "docs" / "rules.md").read_text("utf-8")
    told = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    assert keys - told == set()


def test_what_is_not_there_yet_is_a_warning() -> None:
    """A rule may name a device before it is installed; the text is taken, and says what waits."""
    text = read_rules(
        "rules:\n"
        "  - id: a\n"
        "    name: A\n"
        "    series:\n"
        "      metric: camera_fps\n"
        "      devices: [cam-2]\n"
        "    value: {below: 3}\n",
        KNOWN,
    )
    assert [(fault.line, fault.severity) for fault in text.warnings] == [
        (5, Severity.WARNING),
        (6, Severity.WARNING),
    ]
    assert "cam-1" in text.warnings[1].en
    assert "camera_fps" in text.warnings[0].en


@pytest.mark.parametrize(
    ("series", "nearest"),
    [
        ([("tu-1", "cam-3", "camera_fps"), ("tu-1", "loa-1", "camera_fps")], "camera_fps / cam-3"),
        ([("tu-1", "", "cpu_share"), ("tu-1", "cam-1", "motion_s")], "motion_s / cam-1"),
    ],
)
def test_a_series_that_was_never_measured_is_told_with_the_nearest_that_was(
    series, nearest
) -> None:
    """Of the same metric, else of another one."""
    text = read_rules(
        "rules:\n"
        "  - id: a\n"
        "    name: A\n"
        "    series: {metric: camera_fps, devices: [cam-2]}\n"
        "    value: {below: 3}\n",
        Known(series=series),
    )
    (warning,) = text.warnings
    assert "camera_fps" in warning.en
    assert f"nearest of what there is: {nearest}" in warning.en
    assert nearest in warning.vi


def test_a_step_on_a_rule_that_is_off_is_a_warning() -> None:
    """What builds on a rule that is off never fires; the text says so."""
    text = read_rules(
        "rules:\n"
        "  - {id: a, name: A, enabled: false, event: {kind: device.down}}\n"
        "  - id: b\n"
        "    name: B\n"
        "    sequence: {within_s: 60, steps: [{rule: a}, {event: {kind: device.up}}]}\n",
        KNOWN,
    )
    assert [fault.line for fault in text.warnings] == [5]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "rules:\n  - id: a   # đêm\n    name: A\n    event: {kind: device.down}\n",
            "rules:\n  - id: a\n    enabled: false   # đêm\n    name: A\n    event: {kind: device.down}\n",
        ),
        (
            "rules:\n  - {id: a, name: A, event: {kind: device.down}}\n",
            "rules:\n  - {id: a, enabled: false, name: A, event: {kind: device.down}}\n",
        ),
        (
            "rules:\n  - id: a\n    enabled: yes # ghi chú\n    name: A\n    event: {kind: device.down}\n",
            "rules:\n  - id: a\n    enabled: false # ghi chú\n    name: A\n    event: {kind: device.down}\n",
        ),
    ],
    ids=["block", "flow", "replaced"],
)
def test_switching_keeps_the_text(before: str, after: str) -> None:
    """Turning a rule off changes one word of the text; comments and order stay."""
    assert switch(before, "a", enabled=False) == after
    assert not read_rules(after, KNOWN).document.rules[0].enabled
    switched = switch(after, "a", enabled=True)
    assert switched is not None
    assert read_rules(switched, KNOWN).document.rules[0].enabled
    assert switch(before, "b", enabled=False) is None


_PIECES = st.sampled_from(
    [
        "rules:",
        "\n  - ",
        "id: a",
        "name: x",
        "\n    ",
        "event: ",
        "{",
        "}",
        "[",
        "]",
        "kind: ",
        "&a ",
        "*a",
        "device.down",
        "where: ",
        "above: ",
        "1e999",
        "~",
        ": ",
        "\t",
        "'",
        '"',
        "- ",
        ", ",
        "steps: ",
        "sequence: ",
        "2026-13-45",
        "!!python/object:os.system ",
        "\x00",
        "é",
        "<<: ",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=30).map("".join)))
def test_any_text_is_taken_or_refused_by_line(text: str) -> None:
    """Whatever is typed, it is a document or a list of faults within the text."""
    faults: tuple[Fault, ...] | None = None
    try:
        read_rules(text, KNOWN)
    except RulesFaulty as faulty:
        faults = faulty.faults
    lines = len(text.splitlines()) + 2
    assert faults != ()
    assert all(1 <= fault.line <= lines and fault.vi and fault.en for fault in faults or ())


@pytest.mark.parametrize(
    "text", ["str: 1", "rules: []\nfloat: {a: b}", "? {a: b}\n: c", "? [a]\n: c"]
)
def test_keys_that_are_types_or_no_keys_at_all_are_faults_like_any_other(text: str) -> None:
    """Whatever stands there for a key, the answer is a line and a sentence."""
    with pytest.raises(RulesFaulty) as raised:
        read_rules(text, KNOWN)
    assert all(fault.line >= 1 and fault.vi and fault.en for fault in raised.value.faults)


def test_a_key_of_the_rule_that_stands_inside_its_event_is_told_where_it_belongs() -> None:
    """Not the most similar key of the event, which would be wrong."""
    with pytest.raises(RulesFaulty) as refused:
        read_rules(
            "rules:\n  - id: a\n    name: A\n    event: {kind: littering.confirmed, times: 3}\n",
            Known(),
        )
    (fault,) = refused.value.faults
    assert fault.line == 4
    assert "'times' does not belong inside 'event'" in fault.en
