"""Tracks that nobody checked but that agree with themselves.

A target is followed forward until it is lost or the clip ends, and from there backward
by a fresh tracker that knows only the last box. Where the two runs lie on the same
place, something was followed; where they part, one of them has gone astray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.config import HarvestConfig
from fcot_engine.geometry import BoxXywh, box_iou, xywh_to_xyxy
from fcot_engine.tracker import Tracker, Verdict
from fcot_engine.training.clip_cache import ClipTrack
from fcot_engine.video import FrameSource

__all__ = ["follow_both_ways"]


def follow_both_ways(
    source: FrameSource,
    frames: Sequence[int],
    box_xywh: BoxXywh,
    make_tracker: Callable[[], Tracker],
    config: HarvestConfig,
) -> ClipTrack | None:
    """Follow a box through a clip and back.

    Args:
        source: the video.
        frames: the clip's frames, ascending; the box is in the first.
        box_xywh: where to begin, image pixels.
        make_tracker: gives a fresh tracker; called twice.
        config: what is kept.

    Returns:
        The longest stretch in which both runs agree, the mean of their boxes, trusted
        by score and agreement; None if it is too short or hardly moves.

    Raises:
        FrameError: a frame cannot be read.
    """
    forward, scores = _follow(source, frames, box_xywh, make_tracker(), config)
    n = len(forward)
    if n < config.min_frames:
        return None
    way_back = list(frames[:n])[::-1]
    last = forward[-1].tolist()
    backward, scores_back = _follow(source, way_back, last, make_tracker(), config)
    there = torch.from_numpy(forward[n - len(backward) :])
    back = torch.from_numpy(backward[::-1].copy())
    agreement = box_iou(xywh_to_xyxy(there), xywh_to_xyxy(back)).numpy()
    first, end = _longest_run(agreement >= config.min_agreement)
    boxes = ((there + back) / 2).numpy()[first:end]
    if end - first < config.min_frames or _measure_motion(boxes) < config.min_motion:
        return None
    kept = np.asarray(frames[n - len(backward) : n], dtype=np.int64)[first:end]
    score = np.minimum(scores[n - len(backward) :], scores_back[::-1])[first:end]
    return ClipTrack(kept, boxes, np.maximum(score * agreement[first:end], 1e-3))


def _follow(
    source: FrameSource,
    frames: Sequence[int],
    box_xywh: Sequence[float],
    tracker: Tracker,
    config: HarvestConfig,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes `(n, 4)` and scores `(n,)` until the target is lost or doubtful."""
    result = tracker.init(source.read(frames[0]), box_xywh)
    boxes, scores = [result.box_xywh], [result.score]
    for frame in frames[1:]:
        result = tracker.track(source.read(frame))
        if result.verdict is Verdict.LOST or result.score < config.min_score:
            break
        boxes.append(result.box_xywh)
        scores.append(result.score)
    return np.array(boxes, dtype=np.float64), np.array(scores, dtype=np.float64)


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """First index and end of the longest stretch of True; (0, 0) if there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    place = int((ends - starts).argmax())
    return int(starts[place]), int(ends[place])


def _measure_motion(boxes_xywh: NDArray[np.float64]) -> float:
    """Largest way from the first box, or change of its size, in target sizes."""
    if not len(boxes_xywh):
        return 0.0
    size = np.sqrt(boxes_xywh[:, 2:].prod(axis=1))
    center = boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2
    way = np.hypot(*(center - center[0]).T) / size[0]
    return float(max(way.max(), np.abs(np.log(size / size[0])).max()))
