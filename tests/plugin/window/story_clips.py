"""Short real video files for the story, and a tracker that knows the truth of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import Maker, ScoreMap, ScoreMaps, TrackResult, Verdict
from fcot_engine.video import open_frames

__all__ = ["Clip", "TruthfulTracker", "iou_of", "write_clip"]

WORST = 30
"""Frame in which the truthful tracker is farthest off, before it was taught."""
_WIDTH, _DRIFT_PX = 6.0, 45.0
_MAP_CELLS, _CELL_PX = 36, 4.0


@dataclass(frozen=True, eq=False)
class Clip:
    """A video file, and two things in it."""

    path: Path
    first: np.ndarray
    """Boxes of what is drawn first, shape (n, 4)."""
    second: np.ndarray
    """Boxes of what is drawn next, shape (n, 4)."""

    @property
    def n_frames(self) -> int:
        return len(self.first)


def write_clip(path: Path, frames: np.ndarray, first, second) -> Clip:
    """Encode RGB frames as H.264, as a camera or a phone would."""
    height, width = (side - side % 2 for side in frames.shape[1:3])
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "18"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for number, pixels in enumerate(frames):
            cut = np.ascontiguousarray(pixels[:height, :width])
            frame = av.VideoFrame.from_ndarray(cut, "rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return Clip(path, np.asarray(first, float), np.asarray(second, float))


class TruthfulTracker:
    """Knows where both things are, and drifts off around `WORST` until it is taught."""

    device_name = "the truth (0 threads)"
    maker = Maker("the truth", "", "")

    def __init__(self, clip: Clip, *, delay_s: float) -> None:
        source = open_frames(clip.path)
        self._places = {_key(source.read(n)): n for n in range(clip.n_frames)}
        source.close()
        self._clip, self._delay_s = clip, delay_s
        self._truth = {}
        self._taught = set()

    @property
    def target_ids(self):
        return tuple(self._truth)

    def init(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        index = self._places[_key(frame_rgb)]
        both = (self._clip.first, self._clip.second)
        self._truth[target_id] = max(
            both, key=lambda truth: iou_of(truth[index], box_xywh)
        )
        self._taught.discard(target_id)
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def correct(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self._taught.add(target_id)
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def remove(self, target_id):
        del self._truth[target_id]

    def place(self, target_id, box_xywh):
        """The truth needs no position to look at."""

    def read_box(self, target_id, frame_rgb, rough_xywh):
        return tuple(rough_xywh)

    def track(self, frame_rgb, target_ids=None):
        time.sleep(self._delay_s)
        index = self._places[_key(frame_rgb)]
        return {target_id: self._find(target_id, index) for target_id in target_ids}

    def _find(self, target_id, index):
        off = 0.0 if target_id in self._taught else _off(index)
        truth = self._truth[target_id][index]
        x, y, w, h = (truth + np.array([_DRIFT_PX * off, 0, 0, 0])).tolist()
        score = 0.95 - 0.8 * off
        box = (x, y, w, h)
        return TrackResult(box, score, Verdict.FOUND, _maps(box, score))


def iou_of(a_xywh: BoxXywh, b_xywh: BoxXywh) -> float:
    """Overlap of two boxes, from 0 to 1."""
    a, b = np.asarray(a_xywh, float), np.asarray(b_xywh, float)
    low = np.maximum(a[:2], b[:2])
    high = np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    both = np.prod(np.clip(high - low, 0, None))
    return float(both / (np.prod(a[2:]) + np.prod(b[2:]) - both))


def _off(index: int) -> float:
    return float(np.exp(-((index - WORST) ** 2) / (2 * _WIDTH**2)))


def _key(frame_rgb: np.ndarray) -> bytes:
    return frame_rgb[::7, ::7].tobytes()


def _maps(box_xywh: BoxXywh, score: float) -> ScoreMaps:
    x, y, w, h = box_xywh
    middle = (_MAP_CELLS - 1) / 2
    rows, columns = np.mgrid[:_MAP_CELLS, :_MAP_CELLS] - middle
    fused = (score * np.exp(-(rows**2 + columns**2) / 20)).astype(np.float16)
    reach = middle * _CELL_PX
    origin = (x + w / 2 - reach, y + h / 2 - reach)
    return ScoreMaps(*[ScoreMap(fused, origin, _CELL_PX)] * 3)
