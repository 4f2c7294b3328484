"""Arithmetic on luma planes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.picture.plane import middle


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60))
def test_the_middle_is_the_median(values: list[float]) -> None:
    """Of an odd and of an even number of values, in any order."""
    plane = np.array(values, np.float32)
    assert middle(plane) == pytest.approx(float(np.median(plane)), rel=1e-6, abs=1e-6)
