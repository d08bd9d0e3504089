from __future__ import annotations

from fcot_engine.session import TrackerLike
from fcot_engine.video import FrameSource


class TestProtocols:
    def test_video_made_in_memory_is_a_frame_source(self, square):
        assert isinstance(square, FrameSource)

    def test_fake_is_a_tracker(self, tracker):
        assert isinstance(tracker, TrackerLike)

    def test_anything_else_is_neither(self):
        assert not isinstance([], FrameSource)
        assert not isinstance([], TrackerLike)
