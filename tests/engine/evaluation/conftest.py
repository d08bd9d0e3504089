"""A sequence on disk of a white square, and trackers that need no network."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.tracker.results import TrackResult, Verdict

N_FRAMES = 6


class StillTracker:
    """Says for ever that the target is where it was last shown."""

    def __init__(self) -> None:
        self.corrections: list[tuple[float, ...]] = []

    def init(self, frame_rgb, box_xywh):
        self._box = tuple(box_xywh)
        return TrackResult(self._box, 1.0, Verdict.GIVEN)

    def correct(self, frame_rgb, box_xywh):
        self.corrections.append(tuple(box_xywh))
        return self.init(frame_rgb, box_xywh)

    def track(self, frame_rgb):
        return TrackResult(self._box, 0.5, Verdict.FOUND)

    def place(self, box_xywh):
        self._box = tuple(box_xywh)


class BrightnessTracker(StillTracker):
    """Finds the box of white pixels."""

    def track(self, frame_rgb):
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
