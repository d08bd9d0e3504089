"""The samples that the classifiers are learned from, with their weights."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.errors import ShapeError
from fcot_engine.online.given_thinning import pick_evenly, share_out
from fcot_engine.online.sample_weights import SampleWeights
from fcot_engine.online.slot_buffer import SlotBuffer

__all__ = ["SampleMemory"]


class SampleMemory:
    """Feature maps of given and tracked samples in half precision, with a hard bound.

    Given samples come from human boxes, and no tracked one takes their place; when
    human boxes bring more than `given_capacity`, their augmentations are thinned out
    (`given_thinning`). Of the tracked ones the lightest makes room for a new one. What
    each weighs is told by `SampleWeights`.
    """

    def __init__(
        self, capacity: int, *, given_share: float, given_capacity: int
    ) -> None:
        """Start empty.

        Args:
            capacity: tracked samples kept.
            given_share: least share of the given samples in the weights.
            given_capacity: given samples kept beside them, at least 2.
        """
        bound = capacity + given_capacity
        self._given_capacity = given_capacity
        self._weights = SampleWeights(capacity, given_share=given_share)
        self._coarse = SlotBuffer(bound, torch.float16)
        self._fine = SlotBuffer(bound, torch.float16)
        self._boxes = SlotBuffer(bound, torch.float32)

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
        self._check(coarse, fine, boxes_xywh)
        count = self._thin_out(len(boxes_xywh))
        start = len(self)
        for buffer, rows in zip(
            self._buffers(), (coarse, fine, boxes_xywh), strict=True
        ):
            chosen = rows if count == len(rows) else rows[pick_evenly(len(rows), count)]
            buffer.write(start, chosen)
        self._weights.add_given(count)

    def add_tracked(
        self, coarse: Tensor, fine: Tensor, box_xywh: Tensor, *, rate: float
    ) -> None:
        """Keep one tracked sample, `(1, C, h, w)`, `(1, C, H, W)` and `(4,)`.

        Args:
            coarse: features at stride 16.
            fine: features at stride 4.
            box_xywh: the found box in patch pixels.
            rate: learning rate, see `SampleWeights`.

        Raises:
            ShapeError: the three do not fit each other or the samples before.
        """
        boxes = box_xywh[None]
        self._check(coarse, fine, boxes)
        slot = self._weights.add_tracked(rate)
        for buffer, row in zip(self._buffers(), (coarse, fine, boxes), strict=True):
            buffer.write(slot, row)

    def forget_tracked(self) -> None:
        """Drop all tracked samples; the given ones share the whole weight."""
        self._keep([slot for group in self._weights.given_slots() for slot in group])

    def coarse(self) -> Tensor:
        """Features at stride 16, `(N, C, h, w)`, half precision, not copied."""
        return self._coarse.view(len(self))

    def fine(self) -> Tensor:
        """Features at stride 4, `(N, C, H, W)`, half precision, not copied."""
        return self._fine.view(len(self))

    def boxes_xywh(self) -> Tensor:
        """Boxes in patch pixels, `(N, 4)`, not copied."""
        return self._boxes.view(len(self))

    def weights(self) -> Tensor:
        """Weights that sum to 1, `(N,)`."""
        return torch.tensor(self._weights.values(), device=self.boxes_xywh().device)

    def given_weight(self) -> float:
        """Share of the given samples."""
        return self._weights.given_weight()

    def _buffers(self) -> tuple[SlotBuffer, SlotBuffer, SlotBuffer]:
        return self._coarse, self._fine, self._boxes

    def _check(self, coarse: Tensor, fine: Tensor, boxes: Tensor) -> None:
        if not len(coarse) == len(fine) == len(boxes):
            raise ShapeError(
                "coarse, fine and boxes must have the same first size, got "
                f"{len(coarse)}, {len(fine)} and {len(boxes)}."
            )
        for buffer, rows in zip(self._buffers(), (coarse, fine, boxes), strict=True):
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
            kept = {group[place] for place in pick_evenly(len(group), count)}
            dropped |= set(group) - kept
        self._keep([slot for slot in range(len(self)) if slot not in dropped])
        return allowed

    def _keep(self, slots: list[int]) -> None:
        slots = sorted(slots)
        self._weights.keep(slots)
        for buffer in self._buffers():
            buffer.keep(slots)
