"""How good the boxes are, told without the truth.

Each box that a person drew is left out in turn: a fresh tracker learns all the others
of its target, starts from the nearest one and runs to the frame of the one left out.
How well it meets that box says how well frames nobody looked at are met.

The estimate leans to the cautious side, for two reasons: the box left out does help the
real run, and people draw where boxes were bad.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fcot_engine.annotation.boxes import Box, paired_iou
from fcot_engine.annotation.shot_cuts import ShotCuts
from fcot_engine.annotation.targets import AnnotatedTarget, SpanKind, rejected_at
from fcot_engine.annotation.tracker_pool import TargetTracker
from fcot_engine.errors import ConfigError
from fcot_engine.tracker import Verdict
from fcot_engine.video import FrameSource

_GOOD_IOU = 0.5


@dataclass(frozen=True)
class HeldOut:
    """How well one drawn box was met by a tracker that did not know it."""

    target_id: int
    frame_index: int
    iou: float
    """0 where the target was lost."""
    n_frames: int
    """How far the tracker had to run."""


@dataclass(frozen=True)
class SelfCheck:
    """What the boxes left out say about all frames."""

    held_out: tuple[HeldOut, ...]
    good_iou: float = _GOOD_IOU
    """IoU from which a box counts as good."""

    @property
    def share(self) -> float:
        """Estimated share of good frames in [0, 1]; NaN if nothing was checked."""
        good = [held.iou >= self.good_iou for held in self.held_out]
        return sum(good) / len(good) if good else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share; (0, 1) if nothing was checked."""
        n_good = sum(held.iou >= self.good_iou for held in self.held_out)
        return wilson_interval(n_good, len(self.held_out))

    @property
    def text(self) -> str:
        """One line for people."""
        if not self.held_out:
            return "Draw boxes in two or more frames of a target to check it."
        low, high = self.interval
        return (
            f"About {self.share:.0%} of the frames are good (between {low:.0%} and "
            f"{high:.0%}), from {len(self.held_out)} drawn boxes left out in turn."
        )


def check_target(
    target: AnnotatedTarget,
    source: FrameSource,
    cuts: ShotCuts,
    tracker: TargetTracker,
    *,
    longest: int = 200,
) -> Iterator[HeldOut]:
    """Leave out each drawn box of a target in turn.

    Boxes that no other one can be reached from, within `longest` frames and without a
    cut or a segment out of view between, are passed over.

    Args:
        target: with its boxes.
        source: the video.
        cuts: of the video.
        tracker: a fresh one, used for nothing else.
        longest: the most frames to run for one box.

    Raises:
        FrameError: a frame cannot be read.
    """
    drawn = [target.boxes.get(int(frame)) for frame in target.boxes.human_frames()]
    boxes = [box for box in drawn if box is not None]
    for place, held in enumerate(boxes):
        others = boxes[:place] + boxes[place + 1 :]
        neighbours = boxes[max(place - 1, 0) : place] + boxes[place + 1 : place + 2]
        neighbours.sort(key=lambda box: abs(box.frame_index - held.frame_index))
        for start in neighbours:
            n_frames = abs(start.frame_index - held.frame_index)
            if n_frames <= longest and _is_open(target, cuts, start, held):
                _teach_all(target, others, source, tracker)
                iou = _run_to(held, start, source, tracker, target.target_id)
                yield HeldOut(target.target_id, held.frame_index, iou, n_frames)
                break


def wilson_interval(
    n_good: int, n: int, *, deviations: float = 1.959963984540054
) -> tuple[float, float]:
    """Interval of a share that was counted, by Wilson's score (95 % by default).

    Raises:
        ConfigError: there are more good ones than there are.

    Example:
        >>> low, high = wilson_interval(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    if not 0 <= n_good <= n:
        raise ConfigError(f"n_good must lie between 0 and {n}, got {n_good}.")
    if n == 0:
        return 0.0, 1.0
    share, z2 = n_good / n, deviations**2
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = deviations * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    half /= 1 + z2 / n
    return max(center - half, 0.0), min(center + half, 1.0)


def _is_open(target: AnnotatedTarget, cuts: ShotCuts, start: Box, held: Box) -> bool:
    first, last = sorted((start.frame_index, held.frame_index))
    if any(
        span.kind is SpanKind.OUT_OF_VIEW and span.first <= last and span.last >= first
        for span in target.info.spans
    ):
        return False
    return not any(cuts.is_cut(frame) for frame in range(first + 1, last + 1))


def _teach_all(
    target: AnnotatedTarget,
    boxes: list[Box],
    source: FrameSource,
    tracker: TargetTracker,
) -> None:
    """Start a target anew with these boxes and what was rejected beside them."""
    target_id = target.target_id
    for number, box in enumerate(boxes):
        frame_rgb = source.read(box.frame_index)
        not_boxes = rejected_at(target.info.rejections, box.frame_index)
        if number == 0:
            tracker.init(target_id, frame_rgb, box.box_xywh, not_boxes=not_boxes)
        else:
            tracker.place(target_id, box.box_xywh)
            tracker.correct(target_id, frame_rgb, box.box_xywh, not_boxes=not_boxes)


def _run_to(
    held: Box,
    start: Box,
    source: FrameSource,
    tracker: TargetTracker,
    target_id: int,
) -> float:
    tracker.place(target_id, start.box_xywh)
    step = 1 if held.frame_index > start.frame_index else -1
    iou = 0.0
    for index in range(start.frame_index + step, held.frame_index + step, step):
        result = tracker.track(source.read(index), [target_id])[target_id]
        found, wanted = np.array(result.box_xywh), np.array(held.box_xywh)
        is_lost = result.verdict is Verdict.LOST
        iou = 0.0 if is_lost else float(paired_iou(found, wanted))
    return iou
