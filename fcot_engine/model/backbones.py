"""Encoders and decoders: from a patch to maps at strides 4, 8 and 16.

`paper` has a ResNet and `base` an EfficientNet under the same up-sampling decoder;
`lite` has a small network of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config import (
    FINE_STRIDE,
    BackboneConfig,
    EfficientNetBackboneConfig,
)
from fcot_engine.model.gradient_features import GradientFeatures


class BackboneTaps(NamedTuple):
    """What later layers read from the backbone.

    The paper's "Layer-2" to "Layer-4" are these three.
    """

    layer1: Tensor
    """Stride 4, shape `(N, C1, H / 4, W / 4)`."""
    layer2: Tensor
    """Stride 8, shape `(N, C2, H / 8, W / 8)`."""
    layer3: Tensor
    """Stride 16, shape `(N, C3, H / 16, W / 16)`."""


class ResNetBackbone(nn.Module):
    """ResNet of torchvision up to stride 16, the backbone of the paper.

    Parameters are named as in common ResNet checkpoints (`conv1`, `bn1`,
    `layer1.0.conv1`, `layer2.0.downsample.0`), so those load without a table. The last
    stage and the classifier of a full ResNet are never run and are left out.

    Args:
        depth: which ResNet: 18, 34 or 50.

    Example:
        >>> import torch
        >>> taps = ResNetBackbone(18).eval()(torch.zeros(1, 3, 64, 96))
        >>> taps.layer1.shape, taps.layer3.shape
        (torch.Size([1, 64, 16, 24]), torch.Size([1, 256, 4, 6]))
    """

    def __init__(self, depth: int = 50) -> None:
        # here, since importing it takes as long as torch: `lite` and `base` do without
        from torchvision.models import get_model

        super().__init__()
        whole = get_model(f"resnet{depth}", weights=None)
        # not by `create_feature_extractor`: while it traces, every network of the
        # process goes through its tracer, those that track in other threads too
        self.conv1, self.bn1 = whole.conv1, whole.bn1
        self.relu, self.maxpool = whole.relu, whole.maxpool
        self.layer1, self.layer2 = whole.layer1, whole.layer2
        self.layer3 = whole.layer3
        first = 256 if depth >= 50 else 64
        self.channels = (first, 2 * first, 4 * first)
        """Channels of the three taps, from fine to coarse."""

    def forward(self, images: Tensor) -> BackboneTaps:
        """Extract features.

        Args:
            images: RGB, normalised by the ImageNet mean and standard deviation,
                shape `(N, 3, H, W)`.
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        layer1 = self.layer1(x)
        layer2 = self.layer2(layer1)
        return BackboneTaps(layer1, layer2, self.layer3(layer2))


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
    """EfficientNet-Lite0 up to stride 16, whose weights can be had pre-trained.

    Inverted residual blocks (Sandler et al. 2018) in the order and with the sizes of
    EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation, with ReLU6).
    Its batch norms are folded into the convolutions, so they never change, and the maps
    of an image do not depend on its batch.

    Its convolutions of stride 2 were trained with one more row and column of padding at
    the far side than at the near one, so each moves the map by half a pixel of its
    input. Here that side changes from one such convolution to the next, which alters
    nothing but where the map lies: a cell of stride 4, 8 or 16 looks at a point 0.5,
    1.5 or 2.5 pixels from its centre, in place of 1.5, 3.5 and 7.5.
    """

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
        images = images.contiguous(memory_format=torch.channels_last)
        layer1 = _one_by_one(self._to_stride_4, images)
        layer2 = self.stages[2](layer1)
        return BackboneTaps(layer1, layer2, self.stages[4](self.stages[3](layer2)))

    def _to_stride_4(self, images: Tensor) -> Tensor:
        x = F.relu6(self.stem((images - _MEAN) / _DEVIATION), inplace=True)
        out: Tensor = self.stages[1](self.stages[0](x))
        return out


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
        self.pad_far = pad_far and stride == 2
        padding = 0 if self.pad_far else side // 2
        self.conv = nn.Conv2d(before, after, side, stride, padding, groups=groups)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        assert self.conv.bias is not None
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.pad_far:
            far = self.conv.kernel_size[0] // 2
            x = F.pad(x, (far - 1, far, far - 1, far))
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
        y = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        y = F.relu6(self.depthwise(y), inplace=True)
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
    centres at half cells, so what is at a point of the image stays there. A last 3x3
    convolution smooths the fine map. There is no norm and no activation.

    Args:
        in_channels: channels of the backbone's taps, from fine to coarse.
        channels: channels of all three results.
    """

    def __init__(
        self,
        in_channels: tuple[int, int, int] = (256, 512, 1024),
        channels: int = 256,
    ) -> None:
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


class BackboneFeatures(NamedTuple):
    """What the heads work on."""

    coarse: Tensor
    """Encoder at stride 16, `(N, C16, S / 16, S / 16)`."""
    fine: Tensor
    """Decoder at stride 4, `(N, C4, S / 4, S / 4)`."""
    fixed: Tensor | None
    """Fixed features at stride 4, or None."""
    detail: Tensor | None
    """What the box regression sees in its wide window, at stride 4, or None: the fixed
    features, and others behind them."""


_TAP_DEVIATIONS = (9.0, 8.0, 6.0)
"""About those of the pre-trained taps on photos: the decoder starts balanced."""


class EfficientNetFeatures(nn.Module):
    """An EfficientNet with a decoder (paper, section III-A a), beside fixed features.

    Unlike in `lite`, the fixed features do not enter the network, which was trained
    without them.

    Args:
        config: sizes.
    """

    def __init__(self, config: EfficientNetBackboneConfig) -> None:
        super().__init__()
        self.fixed = GradientFeatures() if config.use_gradient_features else None
        self.trunk = EfficientNetLite()
        self.decoder = UpsamplingDecoder(TAP_CHANNELS, config.decoder_width)
        self.coarse_width = TAP_CHANNELS[2]
        self.detail_strides = config.detail_strides
        taps = dict(zip((4, 8), TAP_CHANNELS, strict=False))
        self.detail_width = sum(taps[stride] for stride in config.detail_strides)
        if self.fixed is not None:
            self.detail_width += GradientFeatures.CHANNELS

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        fixed = None if self.fixed is None else _one_by_one(self.fixed, images)
        raw = self.trunk(images)
        pairs = zip(raw, _TAP_DEVIATIONS, strict=True)
        taps = BackboneTaps(*(tap / deviation for tap, deviation in pairs))
        fine = self.decoder(taps).fine
        return BackboneFeatures(taps.layer3, fine, fixed, self._detail(taps, fixed))

    def _detail(self, taps: BackboneTaps, fixed: Tensor | None) -> Tensor | None:
        """The fixed features, and behind them the chosen maps of the trunk."""
        if not self.detail_strides:
            return fixed
        maps = [] if fixed is None else [fixed]
        for stride in self.detail_strides:
            tap = taps.layer1 if stride == FINE_STRIDE else taps.layer2
            maps.append(_enlarge(tap, stride // FINE_STRIDE))
        return torch.cat(maps, 1)


class LiteBackbone(nn.Module):
    """Fixed gradient features and a small residual network over them and the pixels.

    The learned part sees the patch through a strided stem and the fixed features, goes
    down to stride 16 and comes back to stride 4 (paper, section III-A a).
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.widths
        fixed = GradientFeatures.CHANNELS if config.use_gradient_features else 0
        self.fixed = GradientFeatures() if fixed else None
        self.stem = nn.Sequential(
            _conv_bn(3, 16, 3, stride=2), nn.ReLU(), _conv_bn(16, 24, 3, stride=2)
        )
        self.enter = nn.Sequential(_conv_bn(24 + fixed, fine, 1), nn.ReLU())
        self.stage4 = _stage(fine, fine, config.blocks[0], stride=1)
        self.stage8 = _stage(fine, middle, config.blocks[1], stride=2)
        self.stage16 = _stage(middle, coarse, config.blocks[2], stride=2)
        self.coarse_width = coarse
        self.detail_width = fixed
        width = config.decoder_width
        self.lateral16 = nn.Conv2d(coarse, width, 1)
        self.lateral8 = nn.Conv2d(middle, width, 1)
        self.lateral4 = nn.Conv2d(fine, width, 1)
        self.smooth = nn.Sequential(_conv_bn(width, width, 3), nn.ReLU())

    def forward(self, images: Tensor) -> BackboneFeatures:
        """Extract features of `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16."""
        fixed = None if self.fixed is None else _one_by_one(self.fixed, images)
        centred = ((images - 0.45) / 0.25).contiguous(memory_format=torch.channels_last)
        stem = self.stem(centred)
        entry = stem if fixed is None else torch.cat([stem, fixed], 1)
        map4 = self.stage4(self.enter(entry))
        map8 = self.stage8(map4)
        map16 = self.stage16(map8)
        up8 = _enlarge(self.lateral16(map16), 2) + self.lateral8(map8)
        up4 = _enlarge(up8, 2) + self.lateral4(map4)
        return BackboneFeatures(map16, self.smooth(up4), fixed, fixed)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, before: int, after: int, *, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv_bn(before, after, 3, stride=stride),
            nn.ReLU(),
            _conv_bn(after, after, 3),
        )
        same = before == after and stride == 1
        self.shortcut = (
            nn.Identity() if same else _conv_bn(before, after, 1, stride=stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.shortcut(x))


def _stage(before: int, after: int, blocks: int, *, stride: int) -> nn.Sequential:
    layers = [_ResidualBlock(before, after, stride=stride)]
    layers += [_ResidualBlock(after, after, stride=1) for _ in range(blocks - 1)]
    return nn.Sequential(*layers)


def _conv_bn(before: int, after: int, side: int, *, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(before, after, side, stride, side // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after))


def _one_by_one(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Apply a function to each image of a batch, on a CPU; elsewhere to all at once.

    For maps near the images' size: those of several images fit no cache and are new
    memory each time, so that three together took up to three times as long.
    """
    if images.device.type != "cpu":
        return function(images)
    return torch.cat([function(image) for image in images.split(1)])


def _enlarge(x: Tensor, times: int) -> Tensor:
    """Enlarge bilinearly, cell centres at half cells; nothing to do for 1."""
    if times == 1:
        return x
    return F.interpolate(x, scale_factor=times, mode="bilinear", align_corners=False)
