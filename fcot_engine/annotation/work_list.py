"""Where to look next: the frames whose correction is expected to save most boxes.

Each box has a risk of being wrong (`risk.py`). If it is, a correction mends it and the
frames around it, the less the further away, up to the next box that a person drew or
the next shot. So the worth of a correction is the risk of its own frame, times the risk
within that fading reach, in boxes: 1 where everything within reach is surely wrong.
After a frame is chosen, what it would mend is taken out before the next one is chosen,
so that stops do not crowd.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.box_paths import paired_iou
from fcot_engine.annotation.boxes import Box, Frames, are_human
from fcot_engine.annotation.risk import RiskModel
from fcot_engine.annotation.targets import AnnotatedTarget, Annotations
from fcot_engine.errors import ConfigError

__all__ = ["PassedOver", "WorkListConfig", "WorkStop", "list_work"]

_LIKE_IOU = 0.8  # of a box that counts as the one that was passed over


class PassedOver:
    """Remembers frames with their boxes: another box there is worth a new look."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[int, int], Box | None] = {}

    def add(self, target_id: int, frame_index: int, box: Box | None) -> None:
        """Note that a frame was left as it was."""
        self._boxes[target_id, frame_index] = box

    def frames(self, annotations: Annotations) -> dict[int, set[int]]:
        """Return the frames whose boxes are still about the same, by target id."""
        still: dict[int, set[int]] = {}
        for (target_id, frame_index), box in self._boxes.items():
            target = annotations.find(target_id)
            if target is not None and _is_like(target.boxes.get(frame_index), box):
                still.setdefault(target_id, set()).add(frame_index)
        return still


def _is_like(now: Box | None, then: Box | None) -> bool:
    if now is None or then is None:
        return now is then
    return bool(paired_iou(np.array(now.box_xywh), np.array(then.box_xywh)) > _LIKE_IOU)


_ODD = 0.5  # on the logistic scale
_FAR_IN_REACHES = 4  # beyond it, a correction mends nothing worth counting


@dataclass(frozen=True, kw_only=True)
class WorkListConfig:
    """How frames are chosen."""

    reach_frames: float = 10.0
    """Distance at which a correction mends 1/e of what it mends next to itself."""
    least_saving: float = 0.01
    """Boxes that a stop must be expected to save."""

    def __post_init__(self) -> None:
        if self.reach_frames <= 0:
            raise ConfigError(f"reach_frames must be above 0, got {self.reach_frames}.")


@dataclass(frozen=True)
class WorkStop:
    """A frame to look at."""

    target_id: int
    frame_index: int
    expected_saving: float
    """Boxes that a correction here is expected to save."""
    risk: float
    """Chance that this very box is wrong; 1 where there is none."""
    reasons: tuple[str, ...]
    """What is odd about the frame, the worst first, by feature name; `gap` where there
    is no box."""


def list_work(
    annotations: Annotations,
    *,
    limit: int = 20,
    model: RiskModel | None = None,
    config: WorkListConfig | None = None,
    cuts: Iterable[int] = (),
    seen: Mapping[int, Collection[int]] | None = None,
) -> list[WorkStop]:
    """Return the frames to look at, the most worthwhile first.

    Args:
        annotations: all targets.
        limit: the most stops.
        model: rates each box.
        config: how frames are chosen.
        cuts: frames that begin a new shot.
        seen: frames by target id that a person has looked at and left as they were.
    """
    model, config = model or RiskModel(), config or WorkListConfig()
    seen = seen or {}
    parts: list[_Part] = []
    for target in annotations:
        looked = sorted(seen.get(target.target_id, ()))
        parts += _split(target, model, config, sorted(cuts), looked)
    stops: list[WorkStop] = []
    while parts and len(stops) < limit:
        best = max(parts, key=lambda part: part.worth)
        if best.worth <= 0 or best.worth < config.least_saving:
            break
        stops.append(best.take_stop())
    return sorted(stops, key=lambda stop: -stop.expected_saving)


class _Part:
    """Frames of one target within which a correction has an effect."""

    def __init__(
        self,
        target_id: int,
        first: int,
        risk: NDArray[np.float64],
        reasons: _Reasons,
        config: WorkListConfig,
    ) -> None:
        self._target_id = target_id
        self._reasons = reasons
        self._first = first
        self._first_risk = risk
        self._risk = risk.copy()
        far = int(np.ceil(_FAR_IN_REACHES * config.reach_frames))
        self._kernel = np.exp(-np.abs(np.arange(-far, far + 1)) / config.reach_frames)
        self._rate()

    def _rate(self) -> None:
        far = len(self._kernel) // 2
        savings = np.convolve(self._risk, self._kernel)[far : far + len(self._risk)]
        savings = savings / self._kernel.sum()
        savings = savings * self._risk  # a box that is right mends nothing
        self._place = int(savings.argmax())
        self.worth = float(savings[self._place])

    def suppress(self, place: int) -> None:
        """Take out what a correction at a place of the part would mend."""
        distance = np.abs(np.arange(len(self._risk)) - place)
        far = len(self._kernel) // 2
        mended = np.where(
            distance <= far, self._kernel[np.minimum(far + distance, 2 * far)], 0.0
        )
        self._risk = self._risk * (1 - mended)
        self._rate()

    def take_stop(self) -> WorkStop:
        """Return the best stop and take out what it mends."""
        place, frame = self._place, self._first + self._place
        stop = WorkStop(
            self._target_id,
            frame,
            expected_saving=self.worth,
            risk=float(self._first_risk[place]),
            reasons=self._reasons.at(frame),
        )
        self.suppress(place)
        return stop


def _split(
    target: AnnotatedTarget,
    model: RiskModel,
    config: WorkListConfig,
    cuts: list[int],
    seen: list[int],
) -> list[_Part]:
    """Rate a target's frames and part them where corrections have no effect."""
    frames = target.boxes.frames()
    if not len(frames):
        return []
    first, last = int(frames[0]), int(frames[-1])
    rows = target.boxes.take(frames)
    weighed = model.weigh(frames, rows)
    risk = np.ones(last - first + 1)  # a gap needs a box, or a run
    risk[frames - first] = np.where(are_human(rows), 0.0, model.join(weighed))
    for span in target.info.spans:  # a person has said what is odd there
        risk[max(span.first - first, 0) : max(span.last - first + 1, 0)] = 0.0
    human = target.boxes.human_frames()
    walls = sorted({first, last + 1, *human.tolist(), *cuts})
    walls = [wall for wall in walls if first <= wall <= last + 1]
    reasons = _Reasons(frames, weighed, tuple(model.features))
    parts = []
    for begin, end in itertools.pairwise(walls):
        piece = risk[begin - first : end - first]
        if piece.any():
            part = _Part(target.target_id, begin, piece, reasons, config)
            for frame in seen:
                if begin <= frame < end:
                    part.suppress(frame - begin)
            parts.append(part)
    return parts


class _Reasons:
    """Says what is odd about frames of a target."""

    def __init__(
        self, frames: Frames, weighed: NDArray[np.float64], names: tuple[str, ...]
    ) -> None:
        self._frames = frames
        self._odd = weighed - np.median(weighed, axis=0)  # for this target
        self._names = names

    def at(self, frame_index: int) -> tuple[str, ...]:
        """Return the names of what is odd, the worst first."""
        place = int(np.searchsorted(self._frames, frame_index))
        if place == len(self._frames) or self._frames[place] != frame_index:
            return ("gap",)
        odd = self._odd[place]
        order = np.argsort(-odd, kind="stable")
        return tuple(self._names[i] for i in order if odd[i] > _ODD)
