from __future__ import annotations

import pytest

from fcot_engine.cli.tracking_job import Ending, last_frame_of
from fcot_engine.errors import FrameIndexError
from fcot_engine.video import open_frames


@pytest.fixture
def source(images):
    opened = open_frames(images, prefetch=False)
    yield opened
    opened.close()


class TestLastFrameOf:
    def test_is_the_last_of_the_video_unless_told(self, source):
        assert last_frame_of(source, frame=4, end=None) == 11
        assert last_frame_of(source, frame=4, end=4) == 4

    def test_end_before_the_box_is_refused(self, source):
        with pytest.raises(FrameIndexError, match="--end must be from 4") as caught:
            last_frame_of(source, frame=4, end=3)
        assert caught.value.frame_index == 3


class TestEnding:
    def test_speed(self):
        assert Ending(10, 4.0).frames_per_second == 2.5

    def test_two_in_a_row_add_up(self):
        both = Ending(10, 4.0).then(Ending(5, 2.0, is_interrupted=True))
        assert both == Ending(15, 6.0, is_interrupted=True)
