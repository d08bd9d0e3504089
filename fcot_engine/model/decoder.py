"""The up-sampling decoder: from stride 16 back to stride 4."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from fcot_engine.model.resnet import BackboneTaps

__all__ = ["DecoderMaps", "UpsamplingDecoder"]


class DecoderMaps(NamedTuple):
    """Features for the heads, all with the same number of channels."""

    coarse: Tensor
    """Stride 16, shape `(N, C, H / 16, W / 16)`."""
    middle: Tensor
    """Stride 8, shape `(N, C, H / 8, W / 8)`."""
    fine: Tensor
    """Stride 4, shape `(N, C, H / 4, W / 4)`."""


class UpsamplingDecoder(nn.Module):
    """Adds each backbone tap to the doubled map of the coarser one.

    A tap enters through a 1x1 convolution; the doubled map is bilinear with cell
    centres at half cells, so a place in the image stays where it is. A last 3x3
    convolution smooths the fine map. There is no norm and no activation.
    """

    def __init__(
        self,
        in_channels: tuple[int, int, int] = (256, 512, 1024),
        channels: int = 256,
    ) -> None:
        """Make the decoder.

        Args:
            in_channels: channels of the backbone's taps, from fine to coarse.
            channels: channels of all three results.
        """
        super().__init__()
        fine, middle, coarse = in_channels
        self.lateral_coarse = nn.Conv2d(coarse, channels, 1)
        self.lateral_middle = nn.Conv2d(middle, channels, 1)
        self.lateral_fine = nn.Conv2d(fine, channels, 1)
        self.smooth_fine = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, taps: BackboneTaps) -> DecoderMaps:
        """Decode the taps of one batch."""
        coarse = self.lateral_coarse(taps.layer3)
        middle = self.lateral_middle(taps.layer2)
        middle = middle + _resize_like(coarse, middle)
        fine = self.lateral_fine(taps.layer1)
        fine = self.smooth_fine(fine + _resize_like(middle, fine))
        return DecoderMaps(coarse, middle, fine)


def _resize_like(x: Tensor, like: Tensor) -> Tensor:
    """Resize bilinearly to the rows and columns of another map."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
