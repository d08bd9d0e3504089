"""The samples that the classifiers are learned from, with their weights."""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.errors import ShapeError

__all__ = ["SampleMemory"]


class SampleMemory:
    """Feature maps of given and tracked samples in half precision.

    Given samples come from human boxes and are kept for good; up to `capacity` tracked
    ones share the rest, the one with the least weight making room for a new one. The
    given ones together never weigh less than `given_share`.
    """

    def __init__(self, capacity: int, *, given_share: float) -> None:
        self._capacity = capacity
        self._given_share = given_share
        self._coarse: list[Tensor] = []
        self._fine: list[Tensor] = []
        self._boxes: list[Tensor] = []
        self._weights: list[float] = []
        self._is_given: list[bool] = []

    def __len__(self) -> int:
        return len(self._weights)

    @property
    def nbytes(self) -> int:
        """Bytes that the feature maps take."""
        return sum(map_.nbytes for map_ in (*self._coarse, *self._fine))

    def add_given(self, coarse: Tensor, fine: Tensor, boxes_xywh: Tensor) -> None:
        """Keep the samples of a human box for good, each with the same weight.

        Args:
            coarse: `(N, C, h, w)`.
            fine: `(N, C, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        self._check(coarse, fine, boxes_xywh)
        share = 1.0 if not self._weights else self._given_weight() or 1.0
        for place in range(len(boxes_xywh)):
            self._append(coarse[place], fine[place], boxes_xywh[place], is_given=True)
            self._weights.append(share / len(boxes_xywh))
        self._normalise()

    def add_tracked(
        self, coarse: Tensor, fine: Tensor, box_xywh: Tensor, *, rate: float
    ) -> None:
        """Keep one tracked sample, `(1, C, h, w)`, `(1, C, H, W)` and `(4,)`.

        Args:
            coarse: features at stride 16.
            fine: features at stride 4.
            box_xywh: the found box in patch pixels.
            rate: weight of the new sample against all older ones.
        """
        self._check(coarse, fine, box_xywh[None])
        tracked = [i for i, given in enumerate(self._is_given) if not given]
        self._weights = [weight * (1 - rate) for weight in self._weights]
        if len(tracked) >= self._capacity:
            self._drop(min(tracked, key=lambda place: self._weights[place]))
        self._append(coarse[0], fine[0], box_xywh, is_given=False)
        self._weights.append(rate)
        self._normalise()

    def forget_tracked(self) -> None:
        """Drop all tracked samples; the given ones share the whole weight."""
        for place in reversed(range(len(self._weights))):
            if not self._is_given[place]:
                self._drop(place)
        self._normalise()

    def coarse(self) -> Tensor:
        """Features at stride 16, `(N, C, h, w)`, single precision."""
        return torch.stack(self._coarse).float()

    def fine(self) -> Tensor:
        """Features at stride 4, `(N, C, H, W)`, single precision."""
        return torch.stack(self._fine).float()

    def boxes_xywh(self) -> Tensor:
        """Boxes in patch pixels, `(N, 4)`."""
        return torch.stack(self._boxes)

    def weights(self) -> Tensor:
        """Weights that sum to 1, `(N,)`."""
        return torch.tensor(self._weights, device=self._boxes[0].device)

    def given_weight(self) -> float:
        """Share of the given samples."""
        return self._given_weight()

    def _check(self, coarse: Tensor, fine: Tensor, boxes: Tensor) -> None:
        if not len(coarse) == len(fine) == len(boxes):
            raise ShapeError(
                "coarse, fine and boxes must have the same first size, got "
                f"{len(coarse)}, {len(fine)} and {len(boxes)}."
            )

    def _append(
        self, coarse: Tensor, fine: Tensor, box: Tensor, *, is_given: bool
    ) -> None:
        self._coarse.append(coarse.half().clone())
        self._fine.append(fine.half().clone())
        self._boxes.append(box.float())
        self._is_given.append(is_given)

    def _drop(self, place: int) -> None:
        for column in (
            self._coarse,
            self._fine,
            self._boxes,
            self._weights,
            self._is_given,
        ):
            del column[place]

    def _given_weight(self) -> float:
        pairs = zip(self._weights, self._is_given, strict=True)
        return sum(weight for weight, given in pairs if given)

    def _normalise(self) -> None:
        """Sum to 1, the given ones at least `given_share` of it."""
        total = sum(self._weights)
        given = self._given_weight() / total
        tracked = 1 - given
        both = given > 0 and tracked > 0
        wanted = max(given, self._given_share) if both else given
        for place, is_given in enumerate(self._is_given):
            part, share = (given, wanted) if is_given else (tracked, 1 - wanted)
            self._weights[place] *= (share / part if part > 0 else 1) / total
