"""Whether pictures of another size are looked at: never for long not, never another without reason."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.framing import LONGEST_S, OTHER_S, UNTOLD_S, VACANT_S, Framing, Verdict
from edge_agent.vision.picture.plane import Pixels

FIRST, SECOND = (160, 96), (200, 96)


def drawn(seed: int) -> Pixels:
    """Return a view with edges everywhere, unlike that of any other seed."""
    blocks = np.random.default_rng(seed).integers(20, 230, (24, 40))
    return np.kron(blocks, np.ones((4, 4))).astype(np.uint8)


SHOWN = {"same": drawn(1), "other": drawn(2), "black": np.zeros((96, 160), np.uint8)}
PICTURES = st.tuples(st.sampled_from(sorted(SHOWN)), st.booleans(), st.floats(0.04, 7.0))


def framing() -> Framing:
    checkup = Checkup(10.0)
    checkup.begin(np.zeros((96, 160), bool))
    return Framing(FIRST, checkup)


@settings(max_examples=150, deadline=None)
@given(st.lists(PICTURES, min_size=1, max_size=25))
def test_the_known_view_is_looked_at_and_nobody_looks_away_for_long(
    pictures: list[tuple[str, bool, float]],
) -> None:
    looked, t_s, last_looked_s, last_step_s = framing(), 0.0, 0.0, 0.0
    known, others_since_s = "same", None
    for shown, larger, step_s in pictures:
        t_s += step_s
        size = SECOND if larger else FIRST
        before = looked.size
        unsure = looked.unsure
        verdict = looked.step(size, SHOWN[shown], t_s, SHOWN[known].astype(np.float32))
        if size == before or shown == known:
            assert verdict is (Verdict.AGAIN if unsure else Verdict.KNOWN)
        if verdict is Verdict.UNSURE:
            assert t_s - last_looked_s < LONGEST_S + step_s + last_step_s
            assert looked.size == before
            if shown == "other":
                others_since_s = t_s if others_since_s is None else others_since_s
        else:
            if verdict is Verdict.OTHER:
                assert shown != "black"
                assert others_since_s is not None
                assert t_s - others_since_s >= OTHER_S
            assert looked.size == size
            last_looked_s, others_since_s = t_s, None
        last_step_s = step_s


def test_another_view_is_one_when_it_has_lasted() -> None:
    looked, known = framing(), SHOWN["same"].astype(np.float32)
    seen = [looked.step(SECOND, SHOWN["other"], t_s, known) for t_s in range(8)]
    assert seen[: int(OTHER_S)] == [Verdict.UNSURE] * int(OTHER_S)
    assert seen[int(OTHER_S) :] == [Verdict.OTHER, Verdict.KNOWN]
    assert looked.view is not None


def test_what_tells_nothing_for_long_is_taken_for_the_same() -> None:
    looked, known = framing(), SHOWN["same"].astype(np.float32)
    seen = [looked.step(SECOND, SHOWN["black"], t_s, known) for t_s in range(12)]
    assert seen[: int(UNTOLD_S)] == [Verdict.UNSURE] * int(UNTOLD_S)
    assert seen[int(UNTOLD_S) :] == [Verdict.AGAIN, Verdict.KNOWN]


def test_planes_follow_when_nothing_was_there_for_a_while() -> None:
    looked = framing()
    assert not looked.may_follow(0.0, vacant=True)
    assert not looked.may_follow(VACANT_S - 1, vacant=False)
    assert not looked.may_follow(VACANT_S, vacant=True)
    assert looked.may_follow(2 * VACANT_S, vacant=True)
