"""What is kept to learn from: weighted samples, and the best frames of a span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE
from fcot_engine.errors import ShapeError
from fcot_engine.model import Features
from fcot_engine.tracker.samples import pick_evenly, share_out


class SampleMemory:
    """Feature maps of given and tracked samples in half precision, with a hard bound.

    Given samples come from human boxes, and no tracked one takes their place; when
    human boxes bring more than `given_capacity`, their augmentations are thinned out
    (`share_out`). Of the tracked ones the lightest makes room for a new one. What
    each weighs is told by `SampleWeights`.

    Of a map at stride 4 a window around the target is kept: there are sixteen times as
    many cells as at stride 16, whose whole maps tell what stands farther away.
    """

    def __init__(
        self,
        capacity: int,
        *,
        given_share: float,
        given_capacity: int,
        fine_window: int = 1024,
    ) -> None:
        """Start empty.

        Args:
            capacity: tracked samples kept.
            given_share: least share of the given samples in the weights.
            given_capacity: given samples kept beside them, at least 2.
            fine_window: cells of the fine map that are kept along each axis, or all if
                it has no more.
        """
        self._fine_window = fine_window
        bound = capacity + given_capacity
        self._given_capacity = given_capacity
        self._weights = SampleWeights(capacity, given_share=given_share)
        self._coarse = SlotBuffer(bound, torch.float16)
        self._fine = SlotBuffer(bound, torch.float16)
        self._boxes = SlotBuffer(bound, torch.float32)
        self._fine_boxes = SlotBuffer(bound, torch.float32)

    def __len__(self) -> int:
        return len(self._weights)

    @property
    def nbytes(self) -> int:
        """Bytes held for feature maps and boxes."""
        return sum(buffer.nbytes for buffer in self._buffers())

    def add_given(self, coarse: Tensor, fine: Tensor, boxes_xywh: Tensor) -> None:
        """Keep the samples of a human box, which share its weight evenly.

        Args:
            coarse: `(N, C, h, w)`, the unchanged sample first.
            fine: `(N, C, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.

        Raises:
            ShapeError: the three do not fit each other or the samples before.
        """
        parts = self._cut(coarse, fine, boxes_xywh)
        count = self._thin_out(len(boxes_xywh))
        start = len(self)
        for buffer, rows in zip(self._buffers(), parts, strict=True):
            chosen = rows if count == len(rows) else rows[pick_evenly(len(rows), count)]
            buffer.write(start, chosen)
        self._weights.add_given(count)

    def add_tracked(
        self, coarse: Tensor, fine: Tensor, box_xywh: Tensor, *, rate: float
    ) -> int:
        """Keep one tracked sample, `(1, C, h, w)`, `(1, C, H, W)` and `(4,)`.

        Args:
            coarse: features at stride 16.
            fine: features at stride 4.
            box_xywh: the found box in patch pixels.
            rate: learning rate, see `SampleWeights`.

        Returns:
            The slot it was written to.

        Raises:
            ShapeError: the three do not fit each other or the samples before.
        """
        parts = self._cut(coarse, fine, box_xywh[None])
        slot = self._weights.add_tracked(rate)
        for buffer, row in zip(self._buffers(), parts, strict=True):
            buffer.write(slot, row)
        return slot

    def forget_tracked(self) -> None:
        """Drop all tracked samples; the given ones share the whole weight."""
        self._keep([slot for group in self._weights.given_slots() for slot in group])

    def coarse(self) -> Tensor:
        """Features at stride 16, `(N, C, h, w)`, half precision, not copied."""
        return self._coarse.view(len(self))

    def fine(self) -> Tensor:
        """Windows of maps at stride 4, `(N, C, H, W)`, half precision, not copied."""
        return self._fine.view(len(self))

    def fine_boxes_xywh(self) -> Tensor:
        """Boxes in pixels of the windows of `fine`, `(N, 4)`, not copied."""
        return self._fine_boxes.view(len(self))

    def boxes_xywh(self) -> Tensor:
        """Boxes in patch pixels, `(N, 4)`, not copied."""
        return self._boxes.view(len(self))

    def weights(self) -> Tensor:
        """Weights that sum to 1, `(N,)`."""
        return torch.tensor(self._weights.values(), device=self.boxes_xywh().device)

    def given_weight(self) -> float:
        """Share of the given samples."""
        return self._weights.given_weight()

    def _buffers(self) -> tuple[SlotBuffer, SlotBuffer, SlotBuffer, SlotBuffer]:
        return self._coarse, self._fine, self._boxes, self._fine_boxes

    def _cut(
        self, coarse: Tensor, fine: Tensor, boxes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the buffers keep of some samples, in their order."""
        windows, fine_boxes = cut_windows(fine, boxes, side=self._fine_window)
        parts = coarse, windows, boxes, fine_boxes
        self._check(*parts)
        return parts

    def _check(
        self, coarse: Tensor, fine: Tensor, boxes: Tensor, fine_boxes: Tensor
    ) -> None:
        if not len(coarse) == len(fine) == len(boxes):
            raise ShapeError(
                "coarse, fine and boxes must have the same first size, got "
                f"{len(coarse)}, {len(fine)} and {len(boxes)}."
            )
        parts = coarse, fine, boxes, fine_boxes
        for buffer, rows in zip(self._buffers(), parts, strict=True):
            buffer.check(rows)

    def _thin_out(self, n_new: int) -> int:
        """Make room for a human box of so many samples; return how many it may keep."""
        groups = self._weights.given_slots()
        sizes = [len(group) for group in groups]
        if sum(sizes) + n_new <= self._given_capacity:
            return n_new
        *counts, allowed = share_out([*sizes, n_new], self._given_capacity)
        dropped = set()
        for group, count in zip(groups, counts, strict=True):
            kept = {group[index] for index in pick_evenly(len(group), count)}
            dropped |= set(group) - kept
        self._keep([slot for slot in range(len(self)) if slot not in dropped])
        return allowed

    def _keep(self, slots: list[int]) -> None:
        slots = sorted(slots)
        self._weights.keep(slots)
        for buffer in self._buffers():
            buffer.keep(slots)


def cut_windows(
    maps: Tensor, boxes_xywh: Tensor, *, side: int
) -> tuple[Tensor, Tensor]:
    """Cut a window around the target out of each map at stride 4.

    It never leaves the map. Where the target is outside of the map, it is the middle.

    Args:
        maps: `(N, C, H, W)`.
        boxes_xywh: of the targets, `(N, 4)` in patch pixels.
        side: rows and columns of a window; whole maps where they have no more.

    Returns:
        Windows `(N, C, side, side)`, and the boxes in the pixels of each.
    """
    height, width = maps.shape[-2:]
    if (side >= height and side >= width) or len(maps) != len(boxes_xywh):
        return maps, boxes_xywh
    rows, columns = min(side, height), min(side, width)
    windows, firsts = [], []
    centers = (boxes_xywh[:, :2] + boxes_xywh[:, 2:] / 2) / FINE_STRIDE
    for sample, (x, y) in enumerate(centers.tolist()):
        if not (0 <= x <= width and 0 <= y <= height):
            x, y = width / 2, height / 2
        left = min(max(round(x - columns / 2), 0), width - columns)
        top = min(max(round(y - rows / 2), 0), height - rows)
        windows.append(maps[sample, :, top : top + rows, left : left + columns])
        firsts.append((left * FINE_STRIDE, top * FINE_STRIDE, 0, 0))
    return torch.stack(windows), boxes_xywh - boxes_xywh.new_tensor(firsts)


_NOTHING = 1e-6  # a share this small is as good as lost


class SampleWeights:
    """Weights by slot, which sum to 1 after every change; knows no feature maps."""

    def __init__(self, capacity: int, *, given_share: float) -> None:
        """Start without samples.

        Args:
            capacity: tracked samples kept; given ones come on top.
            given_share: least share of the given samples together, 0 to 1.
        """
        self._capacity = capacity
        self._given_share = given_share
        self._values: list[float] = []
        self._boxes: list[int | None] = []  # number of the human box, None if tracked
        self._n_boxes_ever = 0
        self._last_written: int | None = None  # slot of the newest tracked sample

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> list[float]:
        """Weights by slot."""
        return list(self._values)

    def given_slots(self) -> list[list[int]]:
        """Slots of each human box, oldest box first."""
        groups: dict[int, list[int]] = {}
        for slot, box in enumerate(self._boxes):
            if box is not None:
                groups.setdefault(box, []).append(slot)
        return [groups[box] for box in sorted(groups)]

    def given_weight(self) -> float:
        """Share of the given samples together."""
        return sum(self._values[slot] for group in self.given_slots() for slot in group)

    def add_given(self, count: int) -> None:
        """Take in a human box, whose `count` samples get the next slots.

        It weighs as much as each human box before it, at the cost of all samples; the
        first one as much as all tracked samples.
        """
        n_boxes, given = len(self.given_slots()), self.given_weight()
        share = given / n_boxes if given > _NOTHING else 1.0
        self._values += [share / count] * count
        self._boxes += [self._n_boxes_ever] * count
        self._n_boxes_ever += 1
        self._normalise()

    def add_tracked(self, rate: float) -> int:
        """Take in a tracked sample and return its slot.

        Args:
            rate: learning rate, 0 to below 1.
        """
        slot, last = self._choose_slot(), self._last_written
        if slot == len(self._values):
            self._values.append(0.0)
            self._boxes.append(None)
        if last is not None:
            self._values[slot] = self._values[last] / (1 - rate)
        elif len(self._values) == 1:
            self._values[slot] = 1.0
        else:
            self._values = [value / (1 - rate) for value in self._values]
            self._values[slot] = rate
        self._last_written = slot
        self._normalise()
        return slot

    def keep(self, slots: Sequence[int]) -> None:
        """Drop all other slots; those kept move up in order.

        Args:
            slots: ascending.
        """
        last = self._last_written
        self._values = [self._values[slot] for slot in slots]
        self._boxes = [self._boxes[slot] for slot in slots]
        self._last_written = slots.index(last) if last in slots else None
        self._normalise()

    def _choose_slot(self) -> int:
        tracked = [slot for slot, box in enumerate(self._boxes) if box is None]
        if len(tracked) < self._capacity:
            return len(self._values)
        return min(tracked, key=self._values.__getitem__)

    def _normalise(self) -> None:
        """Sum to 1, the given ones at least their share, each human box the same."""
        groups, given = self.given_slots(), self.given_weight()
        tracked = sum(
            value
            for value, box in zip(self._values, self._boxes, strict=True)
            if box is None
        )
        if groups:
            share = max(given / (given + tracked), self._given_share) if tracked else 1
        else:
            share = 0
        for slot in range(len(self._values)):
            self._values[slot] *= (1 - share) / tracked if tracked else 0
        for group in groups:
            for slot in group:
                self._values[slot] = share / len(groups) / len(group)


class SlotBuffer:
    """A tensor whose first dimension grows with what is written, up to a bound.

    It grows by half: while it is copied, the old and the new one are held together, and
    twice the size would be too much for 50 samples of the paper's network in 350 MB.
    """

    def __init__(self, bound: int, dtype: torch.dtype) -> None:
        """Start empty; shape and device are those of the first rows.

        Args:
            bound: rows that are never exceeded.
            dtype: what rows are converted to.
        """
        self._bound = bound
        self._dtype = dtype
        self._rows: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held, with those for rows still to come."""
        return 0 if self._rows is None else self._rows.nbytes

    def view(self, count: int) -> Tensor:
        """Return the first `count` rows, not copied; good until the next change."""
        assert self._rows is not None, "nothing was written yet"
        return self._rows[:count]

    def check(self, rows: Tensor) -> None:
        """Refuse rows of another shape than those before.

        Raises:
            ShapeError: with both shapes.
        """
        if self._rows is not None and self._rows.shape[1:] != rows.shape[1:]:
            raise ShapeError(
                "Samples of one memory must have one shape, got "
                f"{tuple(rows.shape[1:])} after {tuple(self._rows.shape[1:])}."
            )

    def write(self, start: int, rows: Tensor) -> None:
        """Copy some rows in from slot `start` on."""
        end = start + len(rows)
        assert end <= self._bound, f"{end} rows, at most {self._bound} may be held"
        held = self._rows
        if held is None or end > len(held):
            size = 0 if held is None else min(len(held) * 3 // 2, self._bound)
            grown = rows.new_empty((max(end, size), *rows.shape[1:]), dtype=self._dtype)
            if held is not None:
                grown[:start] = held[:start]
            self._rows = held = grown
        held[start:end] = rows.detach()

    def keep(self, slots: Sequence[int]) -> None:
        """Move some rows up to the front, in order; the others are free.

        Args:
            slots: ascending.
        """
        for target, source in enumerate(slots):
            if target != source and self._rows is not None:
                self._rows[target] = self._rows[source]


@dataclass(frozen=True, eq=False)
class SpanFrame:
    """One tracked frame that may be learned from."""

    score: float
    """Fused score of the target."""
    features: Features
    """Features of its patch."""
    box_xywh: Tensor
    """Found box in patch pixels, `(4,)`."""

    def as_float(self) -> SpanFrame:
        """Return the frame with maps in single precision."""
        maps = (None if m is None else m.float() for m in self.features)
        return replace(self, features=Features(*maps))  # type: ignore[arg-type]


class BestFrames:
    """Keeps the best-scored frames, for the classifiers and for the regressor.

    The classifiers take the single best frame of their span, the regression model
    generator the best few of its own, longer one.
    """

    def __init__(self, n_for_regressor: int) -> None:
        self._n_for_regressor = n_for_regressor
        self._for_classifier: SpanFrame | None = None
        self._for_regressor: list[SpanFrame] = []

    def clear(self) -> None:
        """Forget all frames."""
        self._for_classifier = None
        self._for_regressor = []

    @property
    def nbytes(self) -> int:
        """Bytes of the feature maps that are kept."""
        kept = {id(frame): frame for frame in self._kept()}
        maps = [m for frame in kept.values() for m in frame.features if m is not None]
        return sum(map_.nbytes for map_ in maps)

    def offer(self, score: float, features: Features, box_xywh: Tensor) -> None:
        """Keep a frame if it is among the best, in half precision.

        Args:
            score: fused score of the target.
            features: of its patch, maps `(1, C, h, w)`.
            box_xywh: found box in patch pixels, `(4,)`.
        """
        best, ranked = self._for_classifier, self._for_regressor
        is_best = best is None or score >= best.score
        is_ranked = len(ranked) < self._n_for_regressor or score > ranked[-1].score
        if not (is_best or is_ranked):
            return
        halves = (None if m is None else m.to(torch.half, copy=True) for m in features)
        frame = SpanFrame(score, Features(*halves), box_xywh)  # type: ignore[arg-type]
        if is_best:
            self._for_classifier = frame
        if is_ranked:
            ranked.append(frame)
            ranked.sort(key=lambda item: item.score, reverse=True)
            del ranked[self._n_for_regressor :]

    def take_for_classifier(self) -> SpanFrame | None:
        """Return the best frame since the last call, or None."""
        best, self._for_classifier = self._for_classifier, None
        return None if best is None else best.as_float()

    def take_for_regressor(self) -> list[SpanFrame]:
        """Return the best frames since the last call, best first."""
        best, self._for_regressor = self._for_regressor, []
        return [frame.as_float() for frame in best]

    def _kept(self) -> list[SpanFrame]:
        best = self._for_classifier
        return self._for_regressor + ([] if best is None else [best])
