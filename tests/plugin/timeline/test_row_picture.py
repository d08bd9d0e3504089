"""Each mark looks different, in both themes."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import TargetLine, TimelineColors
from napari_fcot.timeline.columns import Columns
from napari_fcot.timeline.row_picture import draw_row
from napari_fcot.timeline.target_row import TargetRow
from napari_fcot.timeline.time_axis import TimeAxis

HEIGHT, WIDTH = 20, 40


@pytest.fixture(params=["dark", "light"])
def colors(request):
    return TimelineColors.of_theme(request.param)


@pytest.fixture
def make_row(rows_of):
    """A row of tracked boxes of score 0.5."""

    def make_row(**said):
        row = TargetRow(TargetLine(1, "cup", **said), WIDTH)
        row.load(rows_of(count=WIDTH))
        return row

    return make_row


@pytest.fixture
def row(make_row):
    return make_row()


@pytest.fixture
def draw(colors):
    def draw(row, *, width=WIDTH, span=None, is_selected=False):
        columns = Columns.reduce(row, TimeAxis.showing_all(WIDTH, width))
        return draw_row(
            columns,
            span or (0, width),
            height=HEIGHT,
            own=colors.of_target(row.line.colour),
            is_selected=is_selected,
            colors=colors,
        )

    return draw


@pytest.fixture
def own(colors, row):
    return value_of(colors.of_target(row.line.colour))


def value_of(color):
    red, green, blue = color
    return 0xFF000000 | red << 16 | green << 8 | blue


def test_score_is_a_height_in_the_targets_own_colour(draw, row, own):
    is_own = draw(row) == own
    assert is_own.sum(axis=0).tolist() == [HEIGHT // 2] * WIDTH
    assert is_own[-1].all()


def test_spread_of_scores_in_a_column_is_paler(draw, row, own, rows_of):
    row.put(1, rows_of(score=0.9))
    column = draw(row, width=10)[:, 0]
    assert (column == own).sum() == 10
    assert len(set(column.tolist())) == 3  # score, its spread, ground of boxes


def test_lost_frames_are_hatched_not_filled(draw, row, own, colors, rows_of):
    row.put(10, rows_of(is_lost=True, count=10))
    lost = draw(row)[:, 10:20]
    assert (lost == value_of(colors.text)).any()
    assert not (lost == own).any()


def test_human_box_is_a_full_bar(draw, row, colors, rows_of):
    row.put(20, rows_of(Origin.HUMAN))
    assert (draw(row)[:, 19:22] == value_of(colors.text)).all()


def test_interpolated_boxes_are_a_line_half_way_up(draw, row, own, rows_of):
    row.put(10, rows_of(Origin.INTERPOLATED, count=10))
    is_own = draw(row)[:, 10:20] == own
    assert np.flatnonzero(is_own.all(axis=1)).tolist() == [8, 9, 10]
    assert is_own.sum() == 30


def test_interpolated_among_tracked_is_a_line_across_the_score(draw, row, own, rows_of):
    row.load(rows_of(score=0.9, count=WIDTH))
    row.put(2, rows_of(Origin.INTERPOLATED))
    column = draw(row, width=10)[:, 0]
    assert (column[[7, 11]] == own).all()
    assert (column[[8, 9, 10]] != own).all()


def test_gap_is_a_line_along_the_foot(draw, row, colors):
    row.put(10, empty_rows(10))
    gap = draw(row)[:, 10:20]
    assert (gap[-1] == value_of(colors.gap)).all()
    assert (gap[:10] == value_of(colors.row)).all()


def test_occluded_is_a_dashed_band_over_what_is_there(draw, make_row, row, colors):
    span = Span(10, 29, SpanKind.OCCLUDED)
    drawn, plain = draw(make_row(spans=(span,))), draw(row)
    band = drawn[:4, 10:30]
    assert set(band.ravel()) == {value_of(colors.text), value_of(colors.background)}
    drawn[:4, 10:30] = plain[:4, 10:30]
    np.testing.assert_array_equal(drawn, plain)


def test_occlusion_is_seen_beside_a_human_box_that_is_seen(
    draw, make_row, rows_of, colors
):
    row = make_row(spans=(Span(20, 20, SpanKind.OCCLUDED),))
    row.put(20, rows_of(Origin.HUMAN))
    column = draw(row)[:, 20]
    assert (column[4:] == value_of(colors.text)).all()
    assert (draw(row)[:4, 18:22] == value_of(colors.background)).any()


def test_out_of_view_is_dotted_and_bare(draw, make_row, colors):
    row = make_row(spans=(Span(10, 29, SpanKind.OUT_OF_VIEW),))
    row.put(10, empty_rows(20))
    away = draw(row)[:, 10:30]
    assert set(away.ravel()) == {value_of(colors.background), value_of(colors.faint)}
    assert 0.05 < (away == value_of(colors.faint)).mean() < 0.25


def test_nothing_is_behind_the_end_but_the_end_itself(draw, make_row, colors):
    row = make_row(end_frame=19)
    row.put(20, empty_rows(20))
    behind = draw(row)[:, 20:]
    assert (behind[:, :2] == value_of(colors.text)).all()
    assert (behind[:, 2:] == value_of(colors.ended)).all()


def test_end_before_the_view_is_not_drawn_at_its_border(make_row, colors):
    row = make_row(end_frame=9)
    row.put(10, empty_rows(30))
    columns = Columns.reduce(row, TimeAxis.showing_all(WIDTH, WIDTH).showing(20, 39))
    pixels = draw_row(
        columns,
        (0, WIDTH),
        height=HEIGHT,
        own=(1, 2, 3),
        is_selected=False,
        colors=colors,
    )
    assert (pixels == value_of(colors.ended)).all()


def test_each_mark_is_unlike_every_other(draw, make_row, rows_of):
    every = {
        "tracked": make_row(),
        "occluded": make_row(spans=(Span(0, WIDTH, SpanKind.OCCLUDED),)),
        "away": make_row(spans=(Span(0, WIDTH, SpanKind.OUT_OF_VIEW),)),
        "ended": make_row(end_frame=-1),
    }
    for name, rows in {
        "none": empty_rows(WIDTH),
        "lost": rows_of(is_lost=True, count=WIDTH),
        "interpolated": rows_of(Origin.INTERPOLATED, count=WIDTH),
        "human": rows_of(Origin.HUMAN, count=WIDTH),
    }.items():
        every[name] = make_row()
        every[name].load(rows)
    every["ended"].load(empty_rows(0))
    drawn = {draw(row).tobytes() for row in every.values()}
    assert len(drawn) == len(every)


def test_selected_row_stands_out(draw, colors):
    empty = TargetRow(TargetLine(1, "cup"), WIDTH)
    assert (draw(empty) == value_of(colors.row)).all()
    assert (draw(empty, is_selected=True) == value_of(colors.selected_row)).all()


def test_a_part_is_the_same_as_cut_from_the_whole(draw, make_row, rows_of):
    spans = (Span(13, 14, SpanKind.OCCLUDED), Span(22, 24, SpanKind.OUT_OF_VIEW))
    row = make_row(spans=spans, end_frame=25)
    row.put(12, rows_of(Origin.HUMAN))
    row.put(15, empty_rows(1))
    row.put(17, rows_of(is_lost=True))
    row.put(18, rows_of(Origin.INTERPOLATED, count=2))
    np.testing.assert_array_equal(draw(row, span=(11, 28)), draw(row)[:, 11:28])
