from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation.second_peak import second_peak_ratio
from fcot_engine.tracker import ScoreMap, ScoreMaps

BOX = (0.0, 0.0, 40.0, 40.0)  # ten cells wide


def maps_with(*peaks):
    """A map of zeros with some cells (row, column, value), of 4 px each."""
    scores = np.zeros((40, 40), np.float16)
    for row, column, value in peaks:
        scores[row, column] = value
    return ScoreMaps(*[ScoreMap(scores, (2.0, 2.0), 4.0)] * 3)


@pytest.mark.parametrize(
    ("peaks", "expected"),
    [
        pytest.param([(20, 20, 0.8)], 0.0, id="one_peak"),
        pytest.param([(20, 20, 0.8), (20, 35, 0.4)], 0.5, id="half_as_high"),
        pytest.param([(20, 20, 0.8), (5, 5, 0.8)], 1.0, id="equal"),
        pytest.param([(20, 20, 0.8), (20, 24, 0.4)], 0.0, id="within_the_target"),
        pytest.param([], 1.0, id="nothing_seen"),
    ],
)
def test_ratio(peaks, expected):
    assert second_peak_ratio(maps_with(*peaks), BOX) == pytest.approx(
        expected, abs=1e-3
    )


def test_no_map_is_not_known():
    assert second_peak_ratio(None, BOX) is None
