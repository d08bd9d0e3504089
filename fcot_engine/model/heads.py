"""The task heads: features that the target filters and the regression filters read.

Those of the paper (Fig. 3) are towers on top of the decoder. A tower is convolution,
group norm, ReLU, deformable convolution, group norm, ReLU, deformable convolution. Its
entries have the indices of the released weights: 0, 3, 6 are the convolutions and 1, 4
the norms. With `deformable=False` the deformable convolutions become plain 3x3 ones,
for devices or tasks where they do not pay.

In the regression heads "coarse" is the decoder's map at stride 8 and "fine" the one at
stride 4; where both are stacked, the coarse one comes first.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fcot_engine.config import FINE_STRIDE
from fcot_engine.errors import ConfigError
from fcot_engine.ops import ModulatedDeformConv2d, prroi_pool


def make_tower(
    in_channels: int,
    width: int,
    out_channels: int,
    *,
    groups: int = 32,
    deformable: bool = True,
    first_bias: bool = False,
) -> nn.Sequential:
    """Three 3x3 convolutions with group norm and ReLU between them.

    Args:
        in_channels: channels of the input.
        width: channels inside.
        out_channels: channels of the output; it has no activation.
        groups: of the group norms; must divide `width`.
        deformable: whether the second and third convolution are deformable.
        first_bias: whether the first convolution has a bias.

    Returns:
        A layer from `(N, in, H, W)` to `(N, out, H, W)`.

    Raises:
        ConfigError: `groups` does not divide `width`.
    """
    if groups < 1 or width % groups:
        raise ConfigError(
            f"groups must divide the width of a head, got {groups} groups for "
            f"{width} channels."
        )
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, width, 3, padding=1, bias=first_bias)
    ]
    nn.init.kaiming_normal_(layers[0].weight, mode="fan_out")  # type: ignore[arg-type]
    for inside, outside in pairwise((width, width, out_channels)):
        layers += [nn.GroupNorm(groups, inside), nn.ReLU(inplace=True)]
        if deformable:
            layers.append(ModulatedDeformConv2d(inside, outside))
        else:
            layers.append(nn.Conv2d(inside, outside, 3, padding=1))
    return nn.Sequential(*layers)


def merge_halves(channels: int, *, bias: bool) -> nn.Conv2d:
    """1x1 convolution that starts as the mean of two stacked maps.

    Args:
        channels: channels of each of the two maps and of the result.
        bias: whether it has a bias, which starts at 0.

    Returns:
        A layer from `(N, 2 * channels, H, W)` to `(N, channels, H, W)`.
    """
    merge = nn.Conv2d(2 * channels, channels, 1, bias=bias)
    half = torch.eye(channels) / 2
    with torch.no_grad():
        merge.weight.copy_(torch.cat([half, half], dim=1)[:, :, None, None])
        if merge.bias is not None:
            merge.bias.zero_()
    return merge


class InstanceL2Norm(nn.Module):
    """Scales each image's map so that its root mean square is `scale`.

    Channels, rows and columns go together, so differences between channels and between
    cells stay. A map of zeros stays zero.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    @classmethod
    def for_filter(
        cls, channels: int, filter_size: int, *, gain: float = 1.0
    ) -> InstanceL2Norm:
        """Norm for features that a `channels x filter_size x filter_size` filter reads.

        With `scale = sqrt(gain / (channels * filter_size^2))` the patch under the
        filter has an expected squared norm of `gain`, whatever the sizes.
        """
        return cls(math.sqrt(gain / (channels * filter_size**2)))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise `(N, C, H, W)`."""
        shape = features.shape[1:]
        eps = 1e-5 / math.prod(shape)  # to the mean square: 1e-5 to the sum
        return self.scale * F.rms_norm(features, shape, eps=eps)

    def extra_repr(self) -> str:
        """Show the scale when printed."""
        return f"scale={self.scale:.6g}"


class CoarseClassifierHead(nn.Module):
    """Features for the robust score map at stride 16: one 3x3 convolution, normed."""

    def __init__(
        self, in_channels: int = 1024, channels: int = 512, *, filter_size: int = 4
    ) -> None:
        """Make the head.

        Args:
            in_channels: channels of the backbone's coarse tap.
            channels: channels of the result.
            filter_size: side of the target filter in cells; it sets the norm.
        """
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.norm = InstanceL2Norm.for_filter(channels, filter_size)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")

    def forward(self, features: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, channels, H, W)`."""
        out: Tensor = self.norm(self.conv(features))
        return out


class FineClassifierHead(nn.Module):
    """Features for the precise score map at stride 4: a tower, normed."""

    def __init__(
        self,
        in_channels: int = 256,
        width: int = 128,
        channels: int = 256,
        *,
        filter_size: int = 4,
        norm_gain: float = 1.5,
        groups: int = 32,
        deformable: bool = True,
    ) -> None:
        """Make the head.

        Args:
            in_channels: channels of the decoder's fine map.
            width: channels inside.
            channels: channels of the result.
            filter_size: side of the target filter in cells; it sets the norm.
            norm_gain: expected squared norm under the filter; released weights were
                trained with 1.5 (three stages) or 2.0 (two stages).
            groups: of the group norms.
            deformable: whether its last two convolutions are deformable.
        """
        super().__init__()
        self.tower = make_tower(
            in_channels,
            width,
            channels,
            groups=groups,
            deformable=deformable,
            first_bias=True,
        )
        self.norm = InstanceL2Norm.for_filter(channels, filter_size, gain=norm_gain)

    def forward(self, features: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, channels, H, W)`."""
        out: Tensor = self.norm(self.tower(features))
        return out


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
        out_channels = 4 * channels  # left, right, top, bottom
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
            stride=8,
            offset=self.pool_offset,
        )
        pooled_fine = prroi_pool(
            F.relu(self.fine(fine)),
            boxes_xyxy,
            self.filter_size,
            stride=FINE_STRIDE,
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
        filters: Tensor = merged.unflatten(1, (4, -1))  # side * channels + channel
        return filters


class ClassificationHead(nn.Module):
    """Head of `lite` and `base`: 3x3 convolutions, normed, with a learned gain.

    Args:
        before: channels of the input.
        after: channels of the result.
        inside: channels between two convolutions; 0 for one convolution alone.
    """

    def __init__(self, before: int, after: int, *, inside: int = 0) -> None:
        super().__init__()
        self.enter = nn.Identity() if inside == 0 else conv_block(before, inside)
        self.conv = nn.Conv2d(inside or before, after, 3, padding=1)
        self.gain = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, before, H, W)` to `(N, after, H, W)`."""
        x = self.conv(self.enter(x))
        # not rms_norm: it rounds otherwise, which moves boxes of nearly lost targets
        power = x.square().mean((1, 2, 3), keepdim=True)
        return x * (self.gain * (power + 1e-5).rsqrt())


def conv_block(before: int, after: int) -> nn.Sequential:
    """Return a 3x3 convolution, batch norm (the same for any patch size) and ReLU."""
    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())
