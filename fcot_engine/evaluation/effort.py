"""How many boxes an annotator draws until every frame is good enough.

The annotator looks at the frames in order and redraws each box whose IoU with the truth
is below what is asked for. `EffortMode` says what is made of the redrawn box.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import TargetTracker
from fcot_engine.config import SettingValue
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation.metrics import is_visible, overlaps
from fcot_engine.evaluation.sequences import EvalSequence

EffortMode = Literal["teach", "restart", "classifier-only", "linear"]
"""What a redrawn box does.

- teach: the tracker learns from it, in both branches (`Tracker.correct`).
- restart: the tracker starts again on it and forgets what it learned before.
- classifier-only: the tracker learns from it, but not how to read a box's sides.
- linear: there is no tracker; boxes between two drawn ones are interpolated.
"""

REACH_FRAMES = 400
"""Longest span between two keyframes."""
PATIENCE_FRAMES = 60
"""So far behind the last good keyframe a farther one is still looked for."""


@dataclass(frozen=True, kw_only=True)
class EffortConfig:
    """What an annotator does and asks for."""

    mode: EffortMode = "teach"
    """What a redrawn box does."""
    min_ious: tuple[float, ...] = (0.5, 0.7)
    """IoU that every frame must reach (tau), one count for each."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(EffortMode):
            told = ", ".join(get_args(EffortMode))
            raise ConfigError(f"The effort mode must be one of {told}: {self.mode!r}.")
        wrong = [value for value in self.min_ious if not 0 < value <= 1]
        if wrong or not self.min_ious:
            raise ConfigError(
                f"Effort is measured for IoUs above 0 and up to 1, got {self.min_ious}."
            )

    @property
    def needs_tracker(self) -> bool:
        """Whether anything is tracked."""
        return self.mode != "linear"

    @property
    def settings(self) -> Mapping[str, SettingValue]:
        """Settings that the tracker must have for this mode."""
        if self.mode == "classifier-only":
            return {"regression.learn_corrections": False}
        return {}


def _ignore() -> None:
    """Tell nobody that a frame is done."""


def measure_effort(
    tracker: TargetTracker,
    sequence: EvalSequence,
    *,
    min_iou: float,
    mode: EffortMode = "teach",
    on_frame: Callable[[], None] = _ignore,
) -> float:
    """Count the boxes that are drawn with a tracker's help.

    Args:
        tracker: fresh, or one that forgets on `init`.
        sequence: the frames and their truth.
        min_iou: boxes below it are redrawn.
        mode: "restart" calls `init` with a redrawn box; all others `correct`.
        on_frame: called after each frame.

    Returns:
        Boxes per 100 frames, the first one included.
    """
    truth = sequence.truth_xywh
    target_id = 1
    tracker.init(target_id, sequence.read(0), truth[0].tolist())
    on_frame()
    learn = tracker.init if mode == "restart" else tracker.correct
    drawn = 1
    for index in range(1, len(sequence)):
        frame = sequence.read(index)
        result = tracker.track(frame, [target_id])[target_id]
        found = np.array([result.box_xywh], dtype=np.float64)
        if overlaps(found, truth[index : index + 1])[0] < min_iou:  # NaN is never below
            learn(target_id, frame, truth[index].tolist())
            drawn += 1
        on_frame()
    return 100 * drawn / len(sequence)


def measure_linear_effort(truth_xywh: NDArray[np.float64], *, min_iou: float) -> float:
    """Count the keyframes that linear interpolation needs without a tracker.

    They are chosen knowing the truth: each is the farthest one for which all boxes in
    between are good enough, so an annotator can hardly do with fewer.

    Args:
        truth_xywh: true boxes, NaN where the target is absent, shape (n, 4).
        min_iou: what every box between two keyframes must reach.

    Returns:
        Keyframes per 100 frames, the first one included.

    Example:
        >>> steady = np.array([[x, 0.0, 9.0, 9.0] for x in range(10)])
        >>> measure_linear_effort(steady, min_iou=0.9)
        20.0
    """
    frames = np.flatnonzero(is_visible(truth_xywh))
    boxes = truth_xywh[frames]
    drawn, here = 1, 0
    while here < len(frames) - 1:
        here = _find_farthest(frames, boxes, here, min_iou)
        drawn += 1
    return 100 * drawn / len(truth_xywh)


def _find_farthest(
    frames: NDArray[np.intp], boxes: NDArray[np.float64], here: int, min_iou: float
) -> int:
    """Place of the last keyframe that can follow the one at `here`."""
    best = here + 1
    for there in range(here + 1, min(len(frames), here + REACH_FRAMES)):
        between = slice(here + 1, there)
        share = (frames[between] - frames[here]) / (frames[there] - frames[here])
        path = boxes[here] + share[:, None] * (boxes[there] - boxes[here])
        if (overlaps(path, boxes[between]) >= min_iou).all():
            best = there
        elif there > best + PATIENCE_FRAMES:
            break
    return best
