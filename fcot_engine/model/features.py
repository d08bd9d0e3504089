"""What the network makes of a batch of patches, and what each branch takes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class ClassFeatures(NamedTuple):
    """What the classifiers look at, for N patches of side S."""

    coarse: Tensor
    """Stride 16, `(N, C, S / 16, S / 16)`."""
    fine: Tensor
    """Stride 4, `(N, C, S / 4, S / 4)`."""

    @classmethod
    def join(cls, parts: Sequence[ClassFeatures]) -> ClassFeatures:
        """Join several batches along their first dimension."""
        return cls(*(torch.cat(maps) for maps in zip(*parts, strict=True)))


class BoxFeatures(NamedTuple):
    """What the regression branch looks at, for N patches of side S."""

    regression: Tensor
    """For the regression filters (Regression Head-1), stride 4."""
    decoder: Tensor
    """For the regression model generator, stride 4."""
    decoder_coarse: Tensor | None
    """The same at stride 8; None if the generator does not look at it."""
    fixed: Tensor | None
    """Features that no training of ours moves, at stride 4, or None."""

    def first(self) -> BoxFeatures:
        """The first patch alone."""
        return BoxFeatures(*(None if maps is None else maps[:1] for maps in self))  # type: ignore[arg-type]

    @classmethod
    def join(cls, parts: Sequence[BoxFeatures]) -> BoxFeatures:
        """Join several batches along their first dimension."""
        return cls(*(_join(maps) for maps in zip(*parts, strict=True)))  # type: ignore[arg-type]


class Features(NamedTuple):
    """Feature maps of a batch of N patches; see the two classes above."""

    coarse: Tensor
    fine: Tensor
    regression: Tensor
    decoder: Tensor
    decoder_coarse: Tensor | None
    fixed: Tensor | None

    @classmethod
    def of(cls, classes: ClassFeatures, boxes: BoxFeatures) -> Features:
        """Put the parts of both branches together."""
        return cls(
            classes.coarse,
            classes.fine,
            boxes.regression,
            boxes.decoder,
            boxes.decoder_coarse,
            boxes.fixed,
        )

    @property
    def for_classifier(self) -> ClassFeatures:
        """The part of the classifiers."""
        return ClassFeatures(self.coarse, self.fine)

    @property
    def for_regressor(self) -> BoxFeatures:
        """The part of the regression branch."""
        return BoxFeatures(
            self.regression, self.decoder, self.decoder_coarse, self.fixed
        )

    @classmethod
    def join(cls, parts: Sequence[Features]) -> Features:
        """Join several batches along their first dimension."""
        return cls(*(_join(maps) for maps in zip(*parts, strict=True)))  # type: ignore[arg-type]

    def split(self) -> list[Features]:
        """One batch of one patch for each patch; the maps are views."""
        columns = [[None] * len(self.coarse) if m is None else m.split(1) for m in self]
        return [Features(*maps) for maps in zip(*columns, strict=True)]


def _join(maps: tuple[Tensor | None, ...]) -> Tensor | None:
    present = [map_ for map_ in maps if map_ is not None]
    return torch.cat(present) if present else None
