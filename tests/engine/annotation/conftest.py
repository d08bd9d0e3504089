"""A video that tells its frame numbers, and a tracker that knows the truth near by."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fcot_engine.annotation import AnnotationSession
from fcot_engine.errors import FrameError
from fcot_engine.tracker import Maker, TrackResult, Verdict

WIDTH, HEIGHT = 200, 120


class NumberedVideo:
    """Dark frames that hold their number in one pixel; a new shot is brighter."""

    name, width, height, frame_rate = "numbered", WIDTH, HEIGHT, 25.0

    def __init__(self, n_frames=60, *, cuts=(), bad_frame=None):
        self._n_frames = n_frames
        self._cuts = cuts
        self._bad_frame = bad_frame
        self.reads = []

    def __len__(self):
        return self._n_frames

    def read(self, index):
        if index == self._bad_frame:
            raise FrameError(f"Frame {index} cannot be decoded.", frame_index=index)
        self.reads.append(index)
        shot = sum(cut <= index for cut in self._cuts)
        frame = np.full((HEIGHT, WIDTH, 3), 40 + 120 * (shot % 2), np.uint8)
        frame[0, 0] = (index % 256, index // 256, 0)
        return frame

    def file_name(self, index):
        return f"{index + 1:06d}.jpg"

    def close(self):
        pass

    @staticmethod
    def number_of(frame):
        return int(frame[0, 0, 0]) + 256 * int(frame[0, 0, 1])

    @staticmethod
    def truth(index, lane=0):
        """Box of a target that swings to and fro; one lane a target."""
        x = 80 + 60 * math.sin(index / 20 + lane)
        return (x, 20.0 + 25 * lane, 24.0, 18.0)


class TruthTracker:
    """Meets the truth within `reach` frames of what it was taught, else drifts off.

    Which lane a target follows is told by the box it begins with. Writes down what it
    is asked; `rejected` is what was said not to be the last target started.
    """

    device_name = "a fake (0 threads)"
    maker = Maker("fake 1.0", "tiny", "tiny.safetensors sha256:0")

    def __init__(self, reach=10**9, *, lost_in=()):
        self._reach = reach
        self._lost_in = set(lost_in)
        self._taught, self._lanes, self._boxes = {}, {}, {}
        self.rejected = []
        self.calls = []

    @property
    def target_ids(self):
        return tuple(self._taught)

    def _begin(self, target_id, frame, box):
        index = NumberedVideo.number_of(frame)
        self._lanes[target_id] = min(
            range(4), key=lambda lane: abs(NumberedVideo.truth(index, lane)[1] - box[1])
        )
        self._taught[target_id].append(index)
        self._boxes[target_id] = tuple(box)
        return TrackResult(tuple(box), 1.0, Verdict.GIVEN)

    def init(self, target_id, frame, box, *, not_boxes=()):
        self._taught[target_id] = []
        self.rejected = list(not_boxes)
        self.calls.append(("init", NumberedVideo.number_of(frame)))
        return self._begin(target_id, frame, box)

    def correct(self, target_id, frame, box, *, not_boxes=()):
        self.rejected += not_boxes
        self.calls.append(("correct", NumberedVideo.number_of(frame)))
        return self._begin(target_id, frame, box)

    def place(self, target_id, box):
        self.calls.append(("place", tuple(round(v, 3) for v in box)))
        self._boxes[target_id] = tuple(box)

    def read_box(self, target_id, frame, rough):
        self.calls.append(("read_box", NumberedVideo.number_of(frame)))
        x, y, w, h = rough
        return (x - 1, y - 1, w + 2, h + 2)

    def remove(self, target_id):
        del self._taught[target_id]

    def track(self, frame, target_ids=None):
        wanted = self.target_ids if target_ids is None else target_ids
        self.calls.append(("track", NumberedVideo.number_of(frame)))
        return {target_id: self._find(target_id, frame) for target_id in wanted}

    def _find(self, target_id, frame):
        index = NumberedVideo.number_of(frame)
        if index in self._lost_in:
            return TrackResult(self._boxes[target_id], 0.1, Verdict.LOST)
        taught = self._taught[target_id]
        far = min(abs(index - given) for given in taught) - self._reach
        x, y, w, h = NumberedVideo.truth(index, self._lanes[target_id])
        score = 0.9
        if far > 0:
            x, score = x + 4.0 * far, max(0.9 - 0.1 * far, 0.3)
        self._boxes[target_id] = (x, y, w, h)
        return TrackResult(self._boxes[target_id], score, Verdict.FOUND)


class TrackerShop:
    """Makes trackers and keeps them for a look at their calls."""

    def __init__(self, **settings):
        self._settings = settings
        self.trackers = []

    def __call__(self):
        self.trackers.append(TruthTracker(**self._settings))
        return self.trackers[-1]


@pytest.fixture
def make_video():
    return NumberedVideo


@pytest.fixture
def make_shop():
    return TrackerShop


@pytest.fixture
def video():
    return NumberedVideo()


@pytest.fixture
def shop():
    return TrackerShop()


@pytest.fixture
def session(video, shop):
    return AnnotationSession(video, shop)


@pytest.fixture
def one_target(session):
    """A session with a target that is drawn in frame 0."""
    target = session.edit.add_target(class_name="ball")
    session.edit.draw_box(target, 0, NumberedVideo.truth(0))
    return session, target


@pytest.fixture
def finish():
    """Do all of a run's work and return its events."""
    return list


@pytest.fixture
def begin():
    """A function that draws one target in some frames, the first one by default."""

    def begin(*frames, cuts=(), bad_frame=None, config=None, **tracker):
        video = NumberedVideo(cuts=cuts, bad_frame=bad_frame)
        session = AnnotationSession(video, TrackerShop(**tracker), config=config)
        target = session.edit.add_target()
        for frame in frames or (0,):
            session.edit.draw_box(target, frame, video.truth(frame))
        return session, target

    return begin
