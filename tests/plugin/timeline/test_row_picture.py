"""Each mark looks different, in both themes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.row_picture import draw_row
from napari_fcot.timeline.target_row import Mark, TargetRow
from napari_fcot.timeline.time_axis import TimeAxis
from napari_fcot.timeline.timeline_colors import TimelineColors

HEIGHT, WIDTH = 20, 40


@pytest.fixture(params=["dark", "light"])
def colors(request):
    return TimelineColors.of_theme(request.param)


@pytest.fixture
def row():
    row = TargetRow(1, WIDTH)
    for frame in range(WIDTH):
        row.put(frame, Mark.MACHINE, 0.5)
    return row


@pytest.fixture
def draw(colors):
    def draw(row, *, width=WIDTH, span=None, is_selected=False):
        columns = Columns.reduce(row, TimeAxis.showing_all(WIDTH, width))
        return draw_row(
            columns,
            span or (0, width),
            height=HEIGHT,
            track_id=1,
            is_selected=is_selected,
            colors=colors,
        )

    return draw


def value_of(color):
    red, green, blue = color
    return 0xFF000000 | red << 16 | green << 8 | blue


def test_score_is_a_height_in_the_targets_own_colour(draw, row, colors):
    is_own = draw(row) == value_of(colors.of_target(1))
    assert is_own.sum(axis=0).tolist() == [HEIGHT // 2] * WIDTH
    assert is_own[-1].all()


def test_spread_of_scores_in_a_column_is_paler(draw, row, colors):
    row.put(1, Mark.MACHINE, 0.9)
    column = draw(row, width=10)[:, 0]
    own = value_of(colors.of_target(1))
    assert (column == own).sum() == 10
    assert len(set(column.tolist())) == 3  # score, its spread, ground of boxes


def test_lost_frames_are_hatched_not_filled(draw, row, colors):
    for frame in range(10, 20):
        row.put(frame, Mark.MACHINE | Mark.LOST, 0.5)
    lost = draw(row)[:, 10:20]
    assert (lost == value_of(colors.text)).any()
    assert not (lost == value_of(colors.of_target(1))).any()


def test_human_box_is_a_full_bar(draw, row, colors):
    row.put(20, Mark.HUMAN)
    assert (draw(row)[:, 19:22] == value_of(colors.text)).all()


def test_gap_is_a_line_along_the_foot(draw, row, colors):
    for frame in range(10, 20):
        row.put(frame, Mark.NONE)
    gap = draw(row)[:, 10:20]
    assert (gap[-1] == value_of(colors.gap)).all()
    assert (gap[:10] == value_of(colors.row)).all()


def test_selected_row_stands_out(draw, colors):
    empty = TargetRow(1, WIDTH)
    assert (draw(empty) == value_of(colors.row)).all()
    assert (draw(empty, is_selected=True) == value_of(colors.selected_row)).all()


def test_a_part_is_the_same_as_cut_from_the_whole(draw, row):
    row.put(12, Mark.HUMAN)
    row.put(15, Mark.NONE)
    row.put(17, Mark.MACHINE | Mark.LOST, 0.5)
    np.testing.assert_array_equal(draw(row, span=(11, 25)), draw(row)[:, 11:25])
