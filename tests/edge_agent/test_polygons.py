"""How much of the picture zones show where no mask lies over them, and what is no outline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.polygons import WHOLE_PICTURE, crosses_itself, visible_share

SHARES = st.floats(min_value=0, max_value=1)


def rectangle(left: float, top: float, right: float, bottom: float):
    return ((left, top), (right, top), (right, bottom), (left, bottom))


@given(left=SHARES, top=SHARES, right=SHARES, bottom=SHARES)
def test_a_rectangle_covers_its_sides_product(left, top, right, bottom):
    """Whichever way round its corners are given."""
    covered = visible_share(rectangle(left, top, right, bottom))
    assert covered == pytest.approx(abs(right - left) * abs(bottom - top), abs=1e-9)


@given(cut=SHARES)
def test_what_is_masked_and_what_is_not_make_the_whole(cut):
    """Two masks that meet leave nothing; one leaves what the other covers."""
    left, right = rectangle(0, 0, cut, 1), rectangle(cut, 0, 1, 1)
    assert visible_share(WHOLE_PICTURE, [left]) == pytest.approx(1 - cut, abs=1e-9)
    assert visible_share(WHOLE_PICTURE, [left, right]) == pytest.approx(0, abs=1e-9)


def test_masks_that_overlap_count_once():
    """A neighbour's two windows may share a corner."""
    masks = [rectangle(0, 0, 0.6, 1), rectangle(0.4, 0, 0.8, 1)]
    assert visible_share(WHOLE_PICTURE, masks) == pytest.approx(0.2)


def test_a_triangle_covers_half():
    """Slanted sides are measured as finely as pictures are analysed."""
    assert visible_share(((0, 0), (1, 0), (1, 1))) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    "corners", [((0.1, 0.1), (0.5, 0.5), (0.9, 0.9)), ((0.5, 0.5),) * 3, ((0, 0), (1, 0), (0.5, 0))]
)
def test_corners_on_one_line_cover_nothing(corners):
    """Three clicks at one place are no zone."""
    assert visible_share(corners) < 1e-9


@given(left=SHARES, top=SHARES, right=SHARES, bottom=SHARES)
def test_corners_in_the_order_of_a_walk_are_an_outline(left, top, right, bottom):
    """Whichever way round, and from whichever corner."""
    assert not crosses_itself(rectangle(left, top, right, bottom))


def test_corners_row_by_row_are_no_outline():
    """Upper left, upper right, lower left, lower right: two triangles, the middle of two sides bare."""
    assert crosses_itself(((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)))
    assert not crosses_itself(((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.9, 0.9), (0.1, 0.9)))
