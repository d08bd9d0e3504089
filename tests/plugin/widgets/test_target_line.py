"""What a line says of a target."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import (
    AnnotatedTarget,
    BoxTable,
    Makers,
    Origin,
    TargetInfo,
    empty_rows,
)
from napari_fcot.widgets.target_model import TargetLineData


def test_target_of_a_session_becomes_a_line():
    boxes, rows = BoxTable(Makers()), empty_rows(3)
    rows["origin"] = [Origin.HUMAN, Origin.TRACKED, Origin.CORRECTED]
    boxes.put(np.array([2, 3, 9]), rows)
    info = TargetInfo(5, "Ann", class_name="bird", attributes={"rings": 2})
    line = TargetLineData.of_target(AnnotatedTarget(info, boxes), is_locked=True)
    assert (line.target_id, line.name, line.class_name) == (5, "Ann", "bird")
    assert (line.n_drawn, line.n_boxes) == (2, 3)
    assert line.is_locked and line.is_visible
    assert line.attributes == {"rings": 2}


@pytest.mark.parametrize(
    ("n_drawn", "words"),
    [
        pytest.param(1, "1 box drawn by you, 8 in all", id="one"),
        pytest.param(3, "3 boxes drawn by you, 8 in all", id="several"),
    ],
)
def test_counts_in_words(n_drawn, words):
    line = TargetLineData(
        target_id=1,
        name="a",
        class_name="b",
        colour="#000000",
        n_drawn=n_drawn,
        n_boxes=8,
    )
    assert line.counts_in_words == words
