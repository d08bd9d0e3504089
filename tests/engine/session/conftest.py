"""A video of a bright square, and a tracker that finds bright pixels."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameError
from fcot_engine.session import TrackStore
from fcot_engine.tracker import TrackResult, Verdict


class MovingSquare:
    """A 10 x 10 square that moves 3 px a frame; `bad_frame` cannot be read."""

    name, width, height, frame_rate = "square", 100, 60, 25.0

    def __init__(self, n_frames: int = 20, bad_frame: int | None = None) -> None:
        self._n_frames = n_frames
        self._bad_frame = bad_frame
        self.reads: list[int] = []

    def __len__(self) -> int:
        return self._n_frames

    def box(self, index: int) -> tuple[float, float, float, float]:
        return (5.0 + 3 * index, 20.0, 10.0, 10.0)

    def read(self, index: int) -> np.ndarray:
        if index == self._bad_frame:
            raise FrameError(f"Frame {index} cannot be decoded.", frame_index=index)
        self.reads.append(index)
        frame = np.zeros((self.height, self.width, 3), dtype=np.uint8)
        x, y, w, h = (int(value) for value in self.box(index))
        frame[y : y + h, x : x + w] = 255
        return frame

    def file_name(self, index: int) -> str:
        return f"{index + 1:06d}.jpg"

    def close(self) -> None:
        pass


class BrightnessTracker:
    """Finds the box of bright pixels; writes down what it is asked."""

    def __init__(self, lost_at: int | None = None) -> None:
        self.calls: list[tuple[str, tuple[float, ...]]] = []
        self._lost_at = lost_at
        self._tracked = 0

    def init(self, frame_rgb, box_xywh):
        self.calls.append(("init", tuple(box_xywh)))
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def correct(self, frame_rgb, box_xywh):
        self.calls.append(("correct", tuple(box_xywh)))
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def place(self, box_xywh):
        self.calls.append(("place", tuple(box_xywh)))

    def track(self, frame_rgb):
        self.calls.append(("track", ()))
        self._tracked += 1
        rows, columns = np.nonzero(frame_rgb[..., 0])
        x, y = float(columns.min()), float(rows.min())
        box = (x, y, columns.max() + 1.0 - x, rows.max() + 1.0 - y)
        is_lost = self._tracked == self._lost_at
        verdict = Verdict.LOST if is_lost else Verdict.FOUND
        return TrackResult(box, 0.1 if is_lost else 0.8, verdict)

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.calls]


@pytest.fixture
def square():
    return MovingSquare()


@pytest.fixture
def make_square():
    return MovingSquare


@pytest.fixture
def tracker():
    return BrightnessTracker()


@pytest.fixture
def make_tracker():
    return BrightnessTracker


@pytest.fixture
def track():
    return TrackStore().add_track("square")
