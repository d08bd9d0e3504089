"""The two-scale regression head and the generator of regression filters.

"Coarse" is the decoder's map at stride 8 here and "fine" the one at stride 4; where
both are stacked, the coarse one comes first.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fcot_engine.model.heads import make_tower, merge_halves
from fcot_engine.ops import prroi_pool

__all__ = ["FilterGeneratorHead", "PooledFeatures", "RegressionHead"]

SIDES = 4  # left, right, top, bottom
COARSE_STRIDE_PX = 8
FINE_STRIDE_PX = 4


class RegressionHead(nn.Module):
    """Features that the four regression filters read, at stride 4."""

    def __init__(
        self,
        in_channels: int = 256,
        width: int = 128,
        channels: int = 256,
        *,
        groups: int = 32,
        deformable: bool = True,
    ) -> None:
        """Make the head.

        Args:
            in_channels: channels of the decoder's maps.
            width: channels inside the towers.
            channels: channels of the result.
            groups: of the group norms.
            deformable: whether the towers have deformable convolutions.
        """
        super().__init__()
        self.coarse = make_tower(
            in_channels, width, channels, groups=groups, deformable=deformable
        )
        self.fine = make_tower(
            in_channels, width, channels, groups=groups, deformable=deformable
        )
        self.merge = merge_halves(channels, bias=True)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Merge both scales.

        Args:
            coarse: decoder map at stride 8, shape `(N, in, H / 2, W / 2)`.
            fine: decoder map at stride 4, shape `(N, in, H, W)`.

        Returns:
            Shape `(N, channels, H, W)`.
        """
        upper = F.relu(self.coarse(coarse))
        upper = F.interpolate(upper, size=fine.shape[-2:], mode="nearest")
        lower = F.relu(self.fine(fine))
        merged: Tensor = self.merge(torch.cat([upper, lower], dim=1))
        return merged


class PooledFeatures(NamedTuple):
    """A target's features, pooled to the size of the regression filter."""

    coarse: Tensor
    """From stride 8, shape `(N, 4 * channels, size, size)`."""
    fine: Tensor
    """From stride 4, shape `(N, 4 * channels, size, size)`."""


class FilterGeneratorHead(nn.Module):
    """Makes the regression filters of a target from its features and box.

    Each scale has a wide tower; both are pooled over the box and merged into one
    filter for each side of the box.
    """

    def __init__(
        self,
        in_channels: int = 256,
        width: int = 128,
        channels: int = 256,
        *,
        filter_size: int = 3,
        pool_offset: float = 0.5,
        groups: int = 32,
        deformable: bool = True,
    ) -> None:
        """Make the head.

        Args:
            in_channels: channels of the decoder's maps.
            width: channels inside the towers.
            channels: channels of the regression feature that the filters read.
            filter_size: side of the filters in cells.
            pool_offset: where the middle of cell 0 lies, in cells: 0.5 in our
                convention, 0 as released.
            groups: of the group norms.
            deformable: whether the towers have deformable convolutions.
        """
        super().__init__()
        out_channels = SIDES * channels
        self.filter_size = filter_size
        self.pool_offset = pool_offset
        self.coarse = make_tower(
            in_channels, width, out_channels, groups=groups, deformable=deformable
        )
        self.fine = make_tower(
            in_channels, width, out_channels, groups=groups, deformable=deformable
        )
        self.merge = merge_halves(out_channels, bias=False)

    def pool(self, coarse: Tensor, fine: Tensor, boxes_xyxy: Tensor) -> PooledFeatures:
        """Pool the features of one box an image at both scales.

        Args:
            coarse: decoder map at stride 8, shape `(N, in, H / 2, W / 2)`.
            fine: decoder map at stride 4, shape `(N, in, H, W)`.
            boxes_xyxy: in pixels of the network input, shape `(N, 4)`.
        """
        pooled_coarse = prroi_pool(
            F.relu(self.coarse(coarse)),
            boxes_xyxy,
            self.filter_size,
            stride=COARSE_STRIDE_PX,
            offset=self.pool_offset,
        )
        pooled_fine = prroi_pool(
            F.relu(self.fine(fine)),
            boxes_xyxy,
            self.filter_size,
            stride=FINE_STRIDE_PX,
            offset=self.pool_offset,
        )
        return PooledFeatures(pooled_coarse, pooled_fine)

    def forward(self, coarse: Tensor, fine: Tensor, boxes_xyxy: Tensor) -> Tensor:
        """Make one set of filters an image; the arguments are those of `pool`.

        Returns:
            Filters for left, right, top and bottom, shape
            `(N, 4, channels, size, size)`.
        """
        pooled = self.pool(coarse, fine, boxes_xyxy)
        merged: Tensor = self.merge(torch.cat([pooled.coarse, pooled.fine], dim=1))
        n, _, rows, columns = merged.shape
        return merged.view(n, SIDES, -1, rows, columns)  # index = side * C + channel
