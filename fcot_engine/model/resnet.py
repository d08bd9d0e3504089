"""ResNet up to stride 16, the backbone of the paper.

Parameters are named as in common ResNet checkpoints (`conv1`, `bn1`,
`layer1.0.conv1`, `layer2.0.downsample.0`), so those load without a table. The last
stage and the classifier of a full ResNet are never run and are left out.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from fcot_engine.errors import ConfigError

__all__ = ["BackboneTaps", "BasicBlock", "Bottleneck", "ResNetBackbone"]

STEM_WIDTH = 64


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


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut; of ResNet-18 and ResNet-34."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, *, stride: int) -> None:
        """Make the block.

        Args:
            in_channels: channels of the input.
            width: channels inside and of the output.
            stride: of the first convolution.
        """
        super().__init__()
        self.conv1 = _conv(in_channels, width, 3, stride=stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, width, H / stride, W / stride)`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        out: Tensor = self.relu(x + shortcut)
        return out


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 beside a shortcut, the stride on the 3x3; of ResNet-50."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, *, stride: int) -> None:
        """Make the block.

        Args:
            in_channels: channels of the input.
            width: channels inside; the output has four times as many.
            stride: of the 3x3 convolution.
        """
        super().__init__()
        out_channels = width * self.expansion
        self.conv1 = _conv(in_channels, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3, stride=stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, out_channels, 1)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in, H, W)` to `(N, 4 * width, H / stride, W / stride)`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        out: Tensor = self.relu(x + shortcut)
        return out


BLOCKS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2)),
    34: (BasicBlock, (3, 4, 6)),
    50: (Bottleneck, (3, 4, 6)),
}
"""Kind and number of blocks for each depth."""


class ResNetBackbone(nn.Module):
    """ResNet with taps at strides 4, 8 and 16.

    Example:
        >>> import torch
        >>> taps = ResNetBackbone(18).eval()(torch.zeros(1, 3, 64, 96))
        >>> taps.layer1.shape, taps.layer3.shape
        (torch.Size([1, 64, 16, 24]), torch.Size([1, 256, 4, 6]))
    """

    channels: tuple[int, int, int]
    """Channels of the three taps, from fine to coarse."""

    def __init__(self, depth: int = 50) -> None:
        """Make the network.

        Args:
            depth: which ResNet: 18, 34 or 50.

        Raises:
            ConfigError: there is no ResNet of that depth.
        """
        super().__init__()
        if depth not in BLOCKS:
            raise ConfigError(f"depth must be one of {sorted(BLOCKS)}, got {depth}.")
        block, counts = BLOCKS[depth]
        self.conv1 = _conv(3, STEM_WIDTH, 7, stride=2)
        self.bn1 = nn.BatchNorm2d(STEM_WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        first, second, third = (64 * block.expansion * 2**k for k in range(3))
        self.channels = (first, second, third)
        self.layer1 = _stage(block, counts[0], STEM_WIDTH, 64, stride=1)
        self.layer2 = _stage(block, counts[1], first, 128, stride=2)
        self.layer3 = _stage(block, counts[2], second, 256, stride=2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, images: Tensor) -> BackboneTaps:
        """Extract features.

        Args:
            images: RGB, normalised by the ImageNet mean and standard deviation,
                shape `(N, 3, H, W)`.
        """
        return self.descend(self.enter(images))

    def enter(self, images: Tensor) -> Tensor:
        """Run what comes before the first stage, to `(N, 64, H / 4, W / 4)`."""
        x: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        return x

    def descend(self, x: Tensor) -> BackboneTaps:
        """Run the stages on what `enter` gave, or on something of its shape."""
        layer1 = self.layer1(x)
        layer2 = self.layer2(layer1)
        return BackboneTaps(layer1, layer2, self.layer3(layer2))


def _conv(
    in_channels: int, out_channels: int, side: int, *, stride: int = 1
) -> nn.Conv2d:
    return nn.Conv2d(
        in_channels, out_channels, side, stride=stride, padding=side // 2, bias=False
    )


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """A projection where the block changes the shape, else None."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        _conv(in_channels, out_channels, 1, stride=stride), nn.BatchNorm2d(out_channels)
    )


def _stage(
    block: type[BasicBlock] | type[Bottleneck],
    count: int,
    in_channels: int,
    width: int,
    *,
    stride: int,
) -> nn.Sequential:
    blocks = [block(in_channels, width, stride=stride)]
    for _ in range(count - 1):
        blocks.append(block(width * block.expansion, width, stride=1))
    return nn.Sequential(*blocks)
