"""Where to look next: how likely each box is wrong, and which corrections pay most.

Each box has a risk of being wrong (`RiskModel`). If it is, a correction mends it and
the frames around it, the less the further away, up to the next box that a person drew
or the next shot. So the worth of a correction is the risk of its own frame, times the
risk within that fading reach, in boxes: 1 where everything within reach is surely
wrong. After a frame is chosen, what it would mend is taken out before the next one is
chosen, so that stops do not crowd.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation.boxes import Box, Frames, Rows, are_human, paired_iou
from fcot_engine.annotation.targets import AnnotatedTarget, Annotations
from fcot_engine.errors import ConfigError
from fcot_engine.geometry import BoxXywh

Values = NDArray[np.float64]

Feature = Callable[[Frames, Rows], Values]
"""Makes one number of each box of a target: 0 nothing odd, 1 very odd.

Takes the frames that have a box, ascending, shape (n,), and their rows; returns (n,).
"""

_AROUND = 5  # frames on each side that a size is compared with
_UNCHECKED = 0.3  # disagreement that is taken for a run without another one
_FAR_FRAMES = 30.0
_WAY_SHARE = 0.3  # enough that the frame beyond a jump comes before the one at it


def _low_score(frames: Frames, rows: Rows) -> Values:
    """1 minus the tracker's score."""
    return np.asarray(1 - rows["score"])


def _is_lost(frames: Frames, rows: Rows) -> Values:
    """1 where the tracker did not see the target."""
    return np.asarray(rows["is_lost"].astype(np.float64))


def _look_alike(frames: Frames, rows: Rows) -> Values:
    """Second peak over first one, 0 where that is not known."""
    return np.nan_to_num(rows["look_alike"].astype(np.float64), nan=0.0)


def _disagreement(frames: Frames, rows: Rows) -> Values:
    """1 - IoU of the forward and the backward run.

    Where there was only one, nobody has checked it: that is not the same as agreement.
    """
    found = rows["disagreement"].astype(np.float64)
    return np.nan_to_num(found, nan=_UNCHECKED)


def _far_from_drawn(frames: Frames, rows: Rows) -> Values:
    """How far the next box that a person drew is, 0.5 at 30 frames, 1 without any."""
    human = frames[are_human(rows)]
    if not len(human):
        return np.ones(len(frames))
    place = np.searchsorted(human, frames)
    before = np.abs(frames - human[np.maximum(place - 1, 0)])
    behind = np.abs(human[np.minimum(place, len(human) - 1)] - frames)
    distance = np.minimum(before, behind)
    return np.asarray(distance / (distance + _FAR_FRAMES))


def _jump(frames: Frames, rows: Rows) -> Values:
    """How far a box lies off the middle of its neighbours, in box sizes, at most 1.

    Two frames with a jump between them are both off the middle. The one beyond the jump
    is the odder one: the other lies where the way from its drawn box leads.
    """
    boxes = np.asarray(rows["box"])
    off = np.zeros(len(frames))
    if len(frames) > 2:
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        share = (frames[1:-1] - frames[:-2]) / (frames[2:] - frames[:-2])
        middle = centers[:-2] + share[:, None] * (centers[2:] - centers[:-2])
        size = np.sqrt(np.maximum(boxes[1:-1, 2:].prod(axis=1), 1e-9))
        off[1:-1] = np.hypot(*(centers[1:-1] - middle).T) / size
    human = frames[are_human(rows)]
    if len(human):  # else nobody knows where the way begins
        ahead = _off_the_way(frames, rows)
        back = _off_the_way(-frames[::-1], rows[::-1])[::-1]
        ahead = np.where(frames < human[0], np.inf, ahead)
        back = np.where(frames > human[-1], np.inf, back)
        way = np.minimum(off, np.minimum(ahead, back))
        off = _WAY_SHARE * way + (1 - _WAY_SHARE) * off
    return np.minimum(off, 1.0)


def _off_the_way(frames: Frames, rows: Rows) -> Values:
    """Distance of each box from where the two before it lead, in box sizes.

    The first two boxes have no way behind them and may lie anywhere.
    """
    boxes = np.asarray(rows["box"])
    off = np.full(len(frames), np.inf)
    if len(frames) > 2:
        centers = boxes[:, :2] + boxes[:, 2:] / 2
        share = (frames[2:] - frames[1:-1]) / (frames[1:-1] - frames[:-2])
        expected = centers[1:-1] + share[:, None] * (centers[1:-1] - centers[:-2])
        size = np.sqrt(np.maximum(boxes[2:, 2:].prod(axis=1), 1e-9))
        off[2:] = np.hypot(*(centers[2:] - expected).T) / size
    return off


def _resize(frames: Frames, rows: Rows) -> Values:
    """How far a box's area is off those around it, as a logarithm, at most 1."""
    areas = np.log(np.maximum(np.asarray(rows["box"])[:, 2:].prod(axis=1), 1e-9))
    if not len(areas):
        return np.zeros(0)
    padded = np.pad(areas, _AROUND, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    off = np.abs(areas - np.median(windows, axis=1))
    return np.asarray(np.minimum(off, 1.0))


def _doubt_since_drawn(frames: Frames, rows: Rows) -> Values:
    """The most doubtful moment between a box and the drawn box it comes from.

    Where a run may have gone over to something else, all that it finds later is in
    doubt, however sure it looks. Doubt is the second peak or a jump, whichever is
    higher; between two drawn boxes the side with less of it counts.
    """
    doubt = np.maximum(_look_alike(frames, rows), _jump(frames, rows))
    human = are_human(rows)
    doubt[human] = 0.0
    sides = []
    for step in (1, -1):
        edges = [*np.flatnonzero(human[::step]).tolist(), len(frames)]
        since = np.ones(len(frames))  # no drawn box on this side: nothing to trust
        for start, end in itertools.pairwise(edges):
            since[start:end] = np.maximum.accumulate(doubt[::step][start:end])
        sides.append(since[::step])
    return np.minimum(*sides)


FEATURES: dict[str, Feature] = {
    "low_score": _low_score,
    "is_lost": _is_lost,
    "look_alike": _look_alike,
    "disagreement": _disagreement,
    "jump": _jump,
    "resize": _resize,
    "far_from_drawn": _far_from_drawn,
    "doubt_since_drawn": _doubt_since_drawn,
}
"""What the risk is made of, by name; others can be handed to `RiskModel`."""


def describe_frames(
    frames: Frames, rows: Rows, features: Mapping[str, Feature]
) -> Values:
    """Return all features of all boxes of a target, shape (n, number of features)."""
    columns = [feature(frames, rows) for feature in features.values()]
    return np.stack(columns, axis=1) if columns else np.zeros((len(frames), 0))


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """Chance that a box overlaps the target by less than half: a logistic curve.

    The default weights are a guess by reason: they order frames, their absolute values
    are not calibrated. `fit` makes calibrated ones of boxes whose truth is known.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "low_score": 5.0,
            "is_lost": 2.0,
            "look_alike": 2.0,
            "disagreement": 4.0,
            "jump": 2.0,
            "resize": 1.0,
            "far_from_drawn": 1.5,
            "doubt_since_drawn": 2.0,
        }
    )
    """Weight of each feature."""
    bias: float = -7.0
    """Risk of a frame with nothing odd about it, on the logistic scale."""
    features: Mapping[str, Feature] = field(default_factory=lambda: FEATURES)
    """What the weights are for."""

    def __post_init__(self) -> None:
        if set(self.weights) != set(self.features):
            raise ConfigError(
                f"There must be one weight for each of {', '.join(self.features)}; got "
                f"{', '.join(self.weights)}."
            )

    def rate(self, frames: Frames, rows: Rows) -> Values:
        """Return the risk of each box of a target, in [0, 1], shape (n,)."""
        return self.join(self.weigh(frames, rows))

    def weigh(self, frames: Frames, rows: Rows) -> Values:
        """Return what each feature adds to the risk of each box of a target.

        On the logistic scale, shape (n, number of features).
        """
        weights = np.array([self.weights[name] for name in self.features])
        return np.asarray(describe_frames(frames, rows, self.features) * weights)

    def join(self, weighed: Values) -> Values:
        """Make risks of what `weigh` returned, shape (n,)."""
        return _logistic(weighed.sum(axis=1) + self.bias)


def _logistic(x: Values) -> Values:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))


_LIKE_IOU = 0.8  # of a box that counts as the one that was passed over


class PassedOver:
    """Remembers frames with their boxes: another box there is worth a new look."""

    def __init__(self) -> None:
        self._boxes: dict[tuple[int, int], BoxXywh | None] = {}

    def add(self, target_id: int, frame_index: int, box: Box | None) -> None:
        """Note that a frame was left as it was."""
        self._boxes[target_id, frame_index] = None if box is None else box.box_xywh

    def has(self, target_id: int, frame_index: int, box: Box | None) -> bool:
        """Whether a frame was left with about this box."""
        place = target_id, frame_index
        return place in self._boxes and _is_like(box, self._boxes[place])

    def frames(self, annotations: Annotations) -> dict[int, set[int]]:
        """Return the frames whose boxes are still about the same, by target id."""
        still: dict[int, set[int]] = {}
        for target_id, frame_index in self._boxes:
            target = annotations.find(target_id)
            if target is not None and self.has(
                target_id, frame_index, target.boxes.get(frame_index)
            ):
                still.setdefault(target_id, set()).add(frame_index)
        return still

    def to_json(self) -> list[list[Any]]:
        """Return all of it as a JSON value."""
        return [[*place, box and list(box)] for place, box in self._boxes.items()]

    @classmethod
    def from_json(cls, written: Any) -> PassedOver:
        """Read what `to_json` wrote; anything else counts as nothing."""
        found = cls()
        with suppress(TypeError, ValueError):
            for target_id, frame_index, box in written:
                place = int(target_id), int(frame_index)
                if box is None:
                    found._boxes[place] = None
                else:
                    x, y, w, h = map(float, box)
                    found._boxes[place] = x, y, w, h
        return found


def _is_like(now: Box | None, then: BoxXywh | None) -> bool:
    if now is None or then is None:
        return now is None and then is None
    return bool(paired_iou(np.array(now.box_xywh), np.array(then)) > _LIKE_IOU)


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
