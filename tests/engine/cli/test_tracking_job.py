from __future__ import annotations

import pytest

from fcot_engine.cli.tracking_job import Ending, draw_box, follow, last_frame_of
from fcot_engine.errors import BoxError, FrameError, FrameIndexError
from fcot_engine.session import BoxOrigin, TrackStore
from fcot_engine.video import open_frames

BOX = (8.0, 20.0, 16.0, 12.0)


@pytest.fixture
def source(images):
    opened = open_frames(images, prefetch=False)
    yield opened
    opened.close()


@pytest.fixture
def track():
    return TrackStore().add_track()


class TestLastFrameOf:
    def test_is_the_last_of_the_video_unless_told(self, source):
        assert last_frame_of(source, frame=4, end=None) == 11
        assert last_frame_of(source, frame=4, end=4) == 4

    def test_end_before_the_box_is_refused(self, source):
        with pytest.raises(FrameIndexError, match="--end must be from 4") as caught:
            last_frame_of(source, frame=4, end=3)
        assert caught.value.frame_index == 3


class TestDrawBox:
    def test_box_is_cut_at_the_border(self, source, track):
        draw_box(track, source, 2, (-5, -5, 20, 20))
        assert track.get(2).box_xywh == (0, 0, 15, 15)
        assert track.get(2).origin is BoxOrigin.HUMAN

    def test_option_is_named(self, source, track):
        with pytest.raises(BoxError, match="--box lies outside"):
            draw_box(track, source, 2, (500, 5, 20, 20))


class TestFollow:
    def test_complete(self, fake_tracker, source, track):
        draw_box(track, source, 0, BOX)
        ending = follow(fake_tracker, source, track, start=0, last=11)
        assert ending.is_complete and ending.n_tracked == 11
        assert track.get(11).box_xywh == (8 + 44, 20, 16, 12)

    def test_interruption_keeps_what_was_found(self, fake_tracker, source, track):
        fake_tracker.interrupt_at = 3
        draw_box(track, source, 0, BOX)
        ending = follow(fake_tracker, source, track, start=0, last=11)
        assert ending.is_interrupted and not ending.is_complete
        assert [box.frame_index for box in track] == [0, 1, 2]

    def test_error_keeps_what_was_found(self, fake_tracker, source, track):
        fake_tracker.fail_at = 2
        draw_box(track, source, 0, BOX)
        ending = follow(fake_tracker, source, track, start=0, last=11)
        assert isinstance(ending.error, FrameError) and not ending.is_complete
        assert ending.n_tracked == 1 and len(track) == 2

    def test_first_frame_without_a_box_is_raised(self, fake_tracker, source, track):
        with pytest.raises(BoxError):
            follow(fake_tracker, source, track, start=0, last=11)


class TestEnding:
    def test_speed(self):
        assert Ending(10, 4.0).frames_per_second == 2.5

    def test_two_in_a_row_add_up(self):
        both = Ending(10, 4.0).then(Ending(5, 2.0, is_interrupted=True))
        assert both == Ending(15, 6.0, is_interrupted=True)
