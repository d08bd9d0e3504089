"""EfficientNet-Lite0 up to stride 16, whose weights can be had pre-trained.

Inverted residual blocks (Sandler et al. 2018) in the order and with the sizes of
EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation, with ReLU6). Its
batch norms are folded into the convolutions, so they never change, and the maps of an
image do not depend on its batch.

Its convolutions of stride 2 were trained with one more row and column of padding at the
far side than at the near one, so each moves the map by half a pixel of its input. Here
that side changes from one such convolution to the next, which alters nothing but where
the map lies: a cell of stride 4, 8 or 16 looks at a place 0.5, 1.5 or 2.5 pixels from
its centre, in place of 1.5, 3.5 and 7.5.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.model.resnet import BackboneTaps

__all__ = ["STAGES", "TAP_CHANNELS", "EfficientNetLite", "StageSizes"]


class StageSizes(NamedTuple):
    """Blocks of one kind that follow each other."""

    blocks: int
    """How many; the first may change stride and channels."""
    side: int
    """Side of the depth-wise convolution."""
    stride: int
    """Of the first block."""
    expansion: int
    """Channels inside over channels before."""
    channels: int
    """Channels after."""


STEM_CHANNELS = 32
STAGES = (
    StageSizes(1, 3, 1, 1, 16),
    StageSizes(2, 3, 2, 6, 24),
    StageSizes(2, 5, 2, 6, 40),
    StageSizes(3, 3, 2, 6, 80),
    StageSizes(3, 5, 1, 6, 112),
)
"""As far as stride 16; the stages at stride 32 are left out."""
TAP_CHANNELS = (24, 40, 112)
"""Channels of the taps at strides 4, 8 and 16."""
_MEAN, _DEVIATION = 127 / 255, 128 / 255  # of the pixels that it was trained on


class EfficientNetLite(nn.Module):
    """RGB patches to maps at strides 4, 8 and 16, without activation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Convolution(3, STEM_CHANNELS, 3, stride=2, pad_far=True)
        stages, before, pad_far = [], STEM_CHANNELS, False
        for sizes in STAGES:
            stages.append(_make_stage(before, sizes, pad_far=pad_far))
            before = sizes.channels
            pad_far ^= sizes.stride == 2
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> BackboneTaps:
        """Extract features.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.

        Returns:
            `(N, 24, S / 4, S / 4)`, `(N, 40, S / 8, S / 8)` and
            `(N, 112, S / 16, S / 16)`.
        """
        x = self.stem((images - _MEAN) / _DEVIATION).clamp(0, 6)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return BackboneTaps(maps[1], maps[2], maps[4])


class _Convolution(nn.Module):
    """A convolution that halves the map or keeps its size."""

    def __init__(
        self,
        before: int,
        after: int,
        side: int,
        *,
        stride: int = 1,
        groups: int = 1,
        pad_far: bool = False,
    ) -> None:
        super().__init__()
        self.side, self.stride, self.pad_far = side, stride, pad_far
        padding = side // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(before, after, side, stride, padding, groups=groups)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 2:
            less, more = self.side // 2 - 1, self.side // 2
            near, far = (less, more) if self.pad_far else (more, less)
            x = F.pad(x, (near, far, near, far))
        out: Tensor = self.conv(x)
        return out


class _InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; with a shortcut if sizes allow."""

    def __init__(
        self, before: int, sizes: StageSizes, *, stride: int, pad_far: bool
    ) -> None:
        super().__init__()
        inside = before * sizes.expansion
        self.expand = _Convolution(before, inside, 1) if inside > before else None
        self.depthwise = _Convolution(
            inside, inside, sizes.side, stride=stride, groups=inside, pad_far=pad_far
        )
        self.project = _Convolution(inside, sizes.channels, 1)
        self.has_shortcut = stride == 1 and before == sizes.channels

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else self.expand(x).clamp(0, 6)
        y = self.depthwise(y).clamp(0, 6)
        out: Tensor = self.project(y)
        return x + out if self.has_shortcut else out


def _make_stage(before: int, sizes: StageSizes, *, pad_far: bool) -> nn.Sequential:
    blocks = []
    for number in range(sizes.blocks):
        stride = sizes.stride if number == 0 else 1
        block = _InvertedResidual(before, sizes, stride=stride, pad_far=pad_far)
        blocks.append(block)
        before = sizes.channels
    return nn.Sequential(*blocks)
