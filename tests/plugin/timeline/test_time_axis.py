"""Frames to pixels and back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import ConfigError
from napari_fcot.timeline.time_axis import TimeAxis


@pytest.fixture
def axis():
    """Ten frames a pixel."""
    return TimeAxis.showing_all(1000, 100)


@st.composite
def axes(draw):
    n_frames = draw(st.integers(1, 3000))
    axis = TimeAxis.showing_all(n_frames, draw(st.integers(1, 400)))
    axis = axis.zoomed(draw(st.floats(0.2, 50)), x=draw(st.floats(0, axis.width)))
    return axis.moved(draw(st.floats(-n_frames, n_frames)))


class TestEdges:
    def test_columns_share_the_frames(self, axis):
        assert axis.edges().tolist() == list(range(0, 1001, 10))

    def test_a_wide_frame_comes_several_times(self):
        axis = TimeAxis.showing_all(2, 4)
        assert axis.edges().tolist() == [0, 0, 1, 1, 2]

    def test_dense_screens_have_more_columns(self, axis):
        assert len(axis.edges(density=2.0)) == 201

    @given(axes())
    def test_every_frame_in_view_has_a_column(self, axis):
        edges = axis.edges()
        assert (np.diff(edges) >= 0).all()
        shown = {
            frame
            for begin, end in itertools.pairwise(edges)
            for frame in range(begin, max(end, begin + 1))
        }
        assert shown >= set(range(axis.first, axis.last + 1)) or axis.width == 1
        assert all(0 <= frame < axis.n_frames for frame in shown)


class TestFrameAt:
    @given(axes(), st.floats(-10, 500))
    def test_is_a_frame_of_the_video(self, axis, x):
        assert 0 <= axis.frame_at(x) < axis.n_frames

    @given(axes())
    def test_middle_of_a_frame_leads_back_to_it(self, axis):
        middle = (axis.first + axis.last) // 2
        assert axis.frame_at(axis.x_of(middle + 0.5)) == middle


class TestZoom:
    def test_frame_under_the_mouse_stays(self, axis):
        closer = axis.zoomed(4.0, x=30.0)
        assert closer.span == 250
        assert closer.frame_at(30.0) == axis.frame_at(30.0)

    def test_ends_at_ten_frames(self, axis):
        assert axis.zoomed(1e6, x=0.0).span == 10

    def test_out_ends_at_the_whole_video(self, axis):
        assert axis.zoomed(0.01, x=70.0) == axis

    @given(axes())
    def test_view_never_leaves_the_video(self, axis):
        assert axis.start >= 0
        assert axis.start + axis.span <= axis.n_frames + 1e-6

    def test_showing_frames_puts_them_side_by_side(self, axis):
        closer = axis.showing(200, 299)
        assert (closer.first, closer.last) == (200, 299)

    def test_showing_one_frame_shows_its_neighbours_too(self, axis):
        closer = axis.showing(500, 500)
        assert closer.span == 10
        assert closer.is_in_view(500)


class TestTurnedTo:
    def test_frame_in_view_moves_nothing(self, axis):
        closer = axis.showing(200, 299)
        assert closer.turned_to(250) is closer

    @pytest.mark.parametrize("frame", [0, 150, 300, 999])
    def test_frame_out_of_view_comes_into_it(self, axis, frame):
        turned = axis.showing(200, 299).turned_to(frame)
        assert turned.is_in_view(frame)
        assert turned.span == 100


class TestTicks:
    @given(axes())
    def test_are_round_and_apart(self, axis):
        ticks = axis.ticks(least_px=60)
        steps = {b - a for a, b in itertools.pairwise(ticks)}
        assert len(steps) <= 1
        for step in steps:
            assert str(step).rstrip("0") in ("1", "2", "5")
            assert step * axis.pixels_per_frame >= 60

    def test_values(self, axis):
        assert axis.ticks(least_px=20) == [0, 200, 400, 600, 800]


def test_video_without_frames_still_has_an_axis():
    assert TimeAxis.showing_all(0, 0).edges().tolist() == [0, 1]


def test_no_frames_at_all_are_refused():
    with pytest.raises(ConfigError, match="at least one frame"):
        TimeAxis(n_frames=0, width=10, start=0.0, span=1.0)
