"""A sequence on disk of a white square, and trackers that need no network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcot_engine.evaluation import EvalSequence
from fcot_engine.tracker import Maker, TrackResult, Verdict

N_FRAMES = 6


class StillTracker:
    """Says for ever that the target is where it was last shown."""

    device_name = "a fake (0 threads)"
    maker = Maker("a fake", "tiny", "none")
    target_ids = (1,)

    def __init__(self) -> None:
        self.corrections: list[tuple[float, ...]] = []

    def init(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self._box = tuple(box_xywh)
        return TrackResult(self._box, 1.0, Verdict.GIVEN)

    def correct(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self.corrections.append(tuple(box_xywh))
        self._box = tuple(box_xywh)
        return TrackResult(self._box, 1.0, Verdict.GIVEN)

    def track(self, frame_rgb, target_ids=None):
        return {target_id: self.find(frame_rgb) for target_id in target_ids}

    def find(self, frame_rgb):
        return TrackResult(self._box, 0.5, Verdict.FOUND)

    def place(self, target_id, box_xywh):
        self._box = tuple(box_xywh)


class BrightnessTracker(StillTracker):
    """Finds the box of white pixels."""

    def find(self, frame_rgb):
        rows, columns = np.nonzero(frame_rgb[..., 0] > 128)
        if len(rows):
            x, y = float(columns.min()), float(rows.min())
            self._box = (x, y, columns.max() + 1.0 - x, rows.max() + 1.0 - y)
        return TrackResult(self._box, 0.5, Verdict.FOUND)


def write_sequence(folder, step_px=5, absent=(), separator=","):
    """A 20 x 20 square that moves right `step_px` a frame, in png images."""
    (folder / "img").mkdir(parents=True)
    lines = []
    for index in range(N_FRAMES):
        x = 4 + step_px * index
        frame = np.zeros((60, 120, 3), dtype=np.uint8)
        frame[10:30, x : x + 20] = 255
        Image.fromarray(frame).save(folder / "img" / f"{index + 1:08d}.png")
        values = ["nan"] * 4 if index in absent else [str(v) for v in (x, 10, 20, 20)]
        lines.append(separator.join(values))
    (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def root(tmp_path):
    """Two sequences: a slow square, and a fast one that is absent in frame 3."""
    write_sequence(tmp_path / "slow", step_px=2)
    write_sequence(tmp_path / "fast", step_px=10, absent=(3,))
    return tmp_path


@pytest.fixture
def write():
    return write_sequence


@pytest.fixture
def still():
    return StillTracker


@pytest.fixture
def perfect():
    return BrightnessTracker


class NumberedSequence(EvalSequence):
    """Dark frames that tell their number; a box that moves right 1 px a frame.

    The frames from `cut` on are bright.
    """

    WIDTH, HEIGHT = 200, 60

    def __init__(self, n_frames, *, absent=(), cut=None):
        truth = np.array([[5.0 + i, 20.0, 24.0, 18.0] for i in range(n_frames)])
        truth[list(absent)] = np.nan
        paths = tuple(Path(f"{i:04d}.png") for i in range(n_frames))
        super().__init__("numbered", paths, truth)
        object.__setattr__(self, "cut", n_frames if cut is None else cut)

    def read(self, index):
        level = 40 if index < self.cut else 200
        frame = np.full((self.HEIGHT, self.WIDTH, 3), level, np.uint8)
        frame[0, 0] = index
        return frame


class KnowingTracker:
    """Tells the truth in frames where it can, else that the target is elsewhere.

    Args:
        can_follow: says of a frame number, and of those of the frames it was taught
            since `init`, whether it can.
        score: of a frame number and of whether it can; None for 0.9 and 0.2.
    """

    device_name = "a fake (0 threads)"
    maker = Maker("a fake", "tiny", "none")

    def __init__(self, can_follow, score=None):
        self._can_follow = can_follow
        self._score = score or (lambda _, good: 0.9 if good else 0.2)
        self.inits, self.corrections = [], []
        self._taught = {}

    @property
    def target_ids(self):
        return tuple(self._taught)

    def init(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self._taught[target_id] = [int(frame_rgb[0, 0, 0])]
        self.inits += self._taught[target_id]
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def correct(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self._taught[target_id].append(int(frame_rgb[0, 0, 0]))
        self.corrections.append(self._taught[target_id][-1])
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def remove(self, target_id):
        del self._taught[target_id]

    def place(self, target_id, box_xywh):
        pass

    def track(self, frame_rgb, target_ids=None):
        index = int(frame_rgb[0, 0, 0])
        return {target_id: self._find(target_id, index) for target_id in target_ids}

    def _find(self, target_id, index):
        good = self._can_follow(index, self._taught[target_id])
        x, y = (5.0 + index, 20.0) if good else (170.0, 40.0)
        return TrackResult((x, y, 24.0, 18.0), self._score(index, good), Verdict.FOUND)


class Shop:
    """Makes trackers of one kind and keeps them for a look at their calls."""

    def __init__(self, can_follow, score=None):
        self._kind = can_follow, score
        self.trackers = []

    def __call__(self):
        self.trackers.append(KnowingTracker(*self._kind))
        return self.trackers[-1]


@pytest.fixture
def numbered():
    return NumberedSequence


@pytest.fixture
def make_shop():
    return Shop
