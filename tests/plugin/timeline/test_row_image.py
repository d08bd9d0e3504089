"""Each mark looks different, in both themes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.annotation import Origin, Span, SpanKind, empty_rows
from napari_fcot.timeline import TargetLine, TimelineColors
from napari_fcot.timeline.row_image import Columns, draw_row, pixel_of, row_palette
from napari_fcot.timeline.target_row import Mark, TargetRow

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
    def draw(row, *, width=WIDTH, begin=0, end=WIDTH, is_selected=False):
        columns = Columns.reduce(row, begin - 0.5, end - 0.5, width)
        own = colors.of_target(row.line.colour)
        palette = row_palette(own, is_selected=is_selected, colors=colors)
        return palette[draw_row(columns, HEIGHT)]

    return draw


@pytest.fixture
def own(colors, row):
    return pixel_of(colors.of_target(row.line.colour))


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
    assert (lost == pixel_of(colors.text)).any()
    assert not (lost == own).any()


def test_human_box_is_a_full_bar(draw, row, colors, rows_of):
    row.put(20, rows_of(Origin.HUMAN))
    assert (draw(row)[:, 19:22] == pixel_of(colors.text)).all()


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
    assert (gap[-1] == pixel_of(colors.gap)).all()
    assert (gap[:10] == pixel_of(colors.row)).all()


def test_occluded_is_a_dashed_band_over_what_is_there(draw, make_row, row, colors):
    span = Span(10, 29, SpanKind.OCCLUDED)
    drawn, plain = draw(make_row(spans=(span,))), draw(row)
    band = drawn[:4, 10:30]
    assert set(band.ravel()) == {pixel_of(colors.text), pixel_of(colors.background)}
    drawn[:4, 10:30] = plain[:4, 10:30]
    np.testing.assert_array_equal(drawn, plain)


def test_occlusion_is_seen_beside_a_human_box_that_is_seen(
    draw, make_row, rows_of, colors
):
    row = make_row(spans=(Span(20, 20, SpanKind.OCCLUDED),))
    row.put(20, rows_of(Origin.HUMAN))
    column = draw(row)[:, 20]
    assert (column[4:] == pixel_of(colors.text)).all()
    assert (draw(row)[:4, 18:22] == pixel_of(colors.background)).any()


def test_out_of_view_is_dotted_and_bare(draw, make_row, colors):
    row = make_row(spans=(Span(10, 29, SpanKind.OUT_OF_VIEW),))
    row.put(10, empty_rows(20))
    away = draw(row)[:, 10:30]
    assert set(away.ravel()) == {pixel_of(colors.background), pixel_of(colors.faint)}
    assert 0.05 < (away == pixel_of(colors.faint)).mean() < 0.25


def test_nothing_is_behind_the_end_but_the_end_itself(draw, make_row, colors):
    row = make_row(end_frame=19)
    row.put(20, empty_rows(20))
    behind = draw(row)[:, 20:]
    assert (behind[:, :2] == pixel_of(colors.text)).all()
    assert (behind[:, 2:] == pixel_of(colors.ended)).all()


def test_end_before_the_view_is_not_drawn_at_its_border(draw, make_row, colors):
    row = make_row(end_frame=9)
    row.put(10, empty_rows(30))
    assert (draw(row, begin=20, width=20) == pixel_of(colors.ended)).all()


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
    assert (draw(empty) == pixel_of(colors.row)).all()
    assert (draw(empty, is_selected=True) == pixel_of(colors.selected_row)).all()


class TestColumns:
    """Nothing rare gets lost between frames and pixels: ten frames a column."""

    @pytest.fixture
    def row(self, rows_of):
        row = TargetRow(TargetLine(1, "cup"), 100)
        row.load(rows_of(score=0.8, count=100))
        return row

    @staticmethod
    def reduce(row, first=0, last=99, width=10):
        return Columns.reduce(row, first - 0.5, last + 0.5, width)

    def test_one_bad_frame_among_many_is_the_low(self, row, rows_of):
        row.put(57, rows_of(score=0.1))
        columns = self.reduce(row)
        assert columns.low[5] == pytest.approx(0.1)
        assert columns.high[5] == pytest.approx(0.8)
        assert columns.low[4] == pytest.approx(0.8)

    @pytest.mark.parametrize("frame", [0, 9, 50, 57, 99])
    def test_one_lost_frame_marks_its_column(self, row, rows_of, frame):
        row.put(frame, rows_of(is_lost=True))
        is_lost = self.reduce(row).marks & Mark.LOST != 0
        assert np.flatnonzero(is_lost).tolist() == [frame // 10]

    def test_one_human_box_marks_one_column(self, row, rows_of):
        row.put(57, rows_of(Origin.HUMAN))
        assert np.flatnonzero(self.reduce(row).is_human).tolist() == [5]

    def test_zoomed_in_a_human_box_is_a_bar_in_the_middle_of_its_frame(
        self, row, rows_of
    ):
        row.put(3, rows_of(Origin.HUMAN))
        columns = self.reduce(row, 0, 9, 500)
        assert np.flatnonzero(columns.is_human).tolist() == [175]
        is_human = columns.marks & Mark.HUMAN != 0
        assert np.flatnonzero(is_human).tolist() == list(range(150, 200))

    def test_one_missing_frame_is_a_gap(self, row):
        row.put(57, empty_rows(1))
        is_gap = self.reduce(row).marks & Mark.GAP != 0
        assert np.flatnonzero(is_gap).tolist() == [5]

    def test_before_the_first_and_after_the_last_box_is_no_gap(self, rows_of):
        row = TargetRow(TargetLine(1, "cup"), 100)
        row.put(23, rows_of(count=17))
        row.put(60, rows_of(count=18))
        is_gap = self.reduce(row).marks & Mark.GAP != 0
        assert np.flatnonzero(is_gap).tolist() == [4, 5]

    def test_out_of_view_and_behind_the_end_is_no_gap(self, rows_of):
        away = Span(40, 59, SpanKind.OUT_OF_VIEW)
        row = TargetRow(TargetLine(1, "cup", spans=(away,), end_frame=79), 100)
        row.load(rows_of(count=80))
        row.put(40, empty_rows(20))
        assert not (self.reduce(row).marks & Mark.GAP).any()

    def test_target_without_boxes_has_nothing(self):
        columns = self.reduce(TargetRow(TargetLine(1, "cup"), 100))
        assert np.isnan(columns.low).all()
        assert not columns.marks.any()

    @given(st.integers(1, 300), st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
    def test_every_frame_in_view_is_in_a_column(self, rows_of, n, width, begin, share):
        row = TargetRow(TargetLine(1, "cup"), n)
        row.put(0, rows_of(count=n))
        span = 1 + share * (n - 1)
        start = begin * (n - span) - 0.5
        lost = int(np.clip(np.ceil(start), 0, n - 1))  # begins within the view
        row.put(lost, rows_of(is_lost=True))
        columns = Columns.reduce(row, start, start + span, width)
        assert len(columns.low) == width
        assert (columns.marks & Mark.LOST).any() or width * 2 > span
