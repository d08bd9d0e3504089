"""The networks: features for both branches, and the learned models of both.

`PaperNet` is the one of the paper (section III-A, Fig. 2 and 3): for 288 x 288 patches
ResNet-50 to stride 16, a decoder back to stride 4, coarse classification features
512 x 18 x 18, fine ones and regression features 256 x 72 x 72. `LiteNet` is the one of
the `lite` and `base` presets.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fcot_engine.config import (
    COARSE_STRIDE,
    FINE_STRIDE,
    EfficientNetBackboneConfig,
    NetworkConfig,
    PaperNetworkConfig,
)
from fcot_engine.model.backbones import (
    BackboneFeatures,
    DecoderMaps,
    EfficientNetFeatures,
    LiteBackbone,
    ResNetBackbone,
    UpsamplingDecoder,
)
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.features import BoxFeatures, ClassFeatures, Features
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.heads import (
    ClassificationHead,
    CoarseClassifierHead,
    FineClassifierHead,
)
from fcot_engine.model.regression import (
    LiteRegression,
    PaperRegression,
    RegressionBranch,
)

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)

Encoding = TypeVar("Encoding")


class CellSpan(NamedTuple):
    """Some rows and columns of a map, as ranges: first, and behind the last."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, column: int, row: int, *, reach: int) -> CellSpan:
        """The square of cells at most `reach` rows and columns away."""
        return cls(row - reach, row + reach + 1, column - reach, column + reach + 1)

    def widen(self, cells: int, size: tuple[int, int]) -> CellSpan:
        """Add some cells on all sides, as far as the map of that size reaches."""
        return CellSpan(
            max(self.top - cells, 0),
            min(self.bottom + cells, size[0]),
            max(self.left - cells, 0),
            min(self.right + cells, size[1]),
        )


class FcotNet(nn.Module, ABC):
    """The network knows patches, not videos; nothing online is kept in it."""

    config: NetworkConfig | PaperNetworkConfig
    """Its sizes, from which it can be built again."""
    coarse: ClassificationModel
    """Classification at stride 16."""
    fine: ClassificationModel
    """Classification at stride 4."""
    regression: RegressionBranch
    """Box regression at stride 4."""

    @abstractmethod
    def encode(self, images: Tensor) -> object:
        """Run backbone and decoder, which both branches share.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.
        """

    @abstractmethod
    def classify(self, encoding: object) -> ClassFeatures:
        """Run the classification heads on what `encode` gave."""

    @abstractmethod
    def regress(self, encoding: object, span: CellSpan | None = None) -> BoxFeatures:
        """Run the regression head on what `encode` gave.

        Args:
            encoding: from `encode`.
            span: cells of the regression map that will be read; a network may leave the
                others 0. All if None.
        """

    @property
    def has_fixed_features(self) -> bool:
        """Whether fixed features stand behind the learned channels of all maps."""
        return False

    def extract(self, images: Tensor) -> Features:
        """Compute everything that the online models look at.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.
        """
        encoding = self.encode(images)
        return Features.of(self.classify(encoding), self.regress(encoding))

    def stage_parameters(self, stage: Literal["one", "two"]) -> Iterator[nn.Parameter]:
        """Parameters that a training stage moves (paper, section IV-A).

        Stage one trains everything but the rectifier; stage two the rectifier alone.
        """
        rectifier = {id(self.regression.eta)}
        for parameter in self.parameters():
            if (id(parameter) in rectifier) == (stage == "two"):
                yield parameter


def fold_norms_(network: FcotNet) -> FcotNet:
    """Make batch norms a part of the convolutions before them, and return the network.

    For tracking: it answers the same but for rounding, and cannot be trained any more.
    """
    network.eval()
    for module in list(network.modules()):
        if not isinstance(module, nn.Sequential):
            continue
        for index, (layer, after) in enumerate(itertools.pairwise(list(module))):
            if isinstance(layer, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                module[index] = fuse_conv_bn_eval(layer, after)
                module[index + 1] = nn.Identity()
    return network


def pick(encoding: Encoding, index: int) -> Encoding:
    """What `FcotNet.encode` gave, of one patch of the batch alone; maps are views."""
    if isinstance(encoding, Tensor):
        return cast(Encoding, encoding[index : index + 1])
    if isinstance(encoding, tuple):
        parts = (pick(part, index) for part in encoding)
        return cast(Encoding, type(encoding)(*parts))
    return encoding  # None, of a network without that map


def build_network(config: NetworkConfig | PaperNetworkConfig) -> FcotNet:
    """Make the network with these sizes and fresh parameters."""
    if isinstance(config, PaperNetworkConfig):
        return PaperNet(config)
    return LiteNet(config)


class _Encoding(NamedTuple):
    tap: Tensor
    """Backbone at stride 16."""
    maps: DecoderMaps


class PaperNet(FcotNet):
    """Every layer as in the paper; layer 5 of the ResNet, never run, is left out."""

    regression: PaperRegression
    rgb_mean: Tensor
    rgb_std: Tensor

    def __init__(self, config: PaperNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PaperNetworkConfig()
        self.backbone = ResNetBackbone(config.depth)
        width = config.decoder_width
        self.decoder = UpsamplingDecoder(self.backbone.channels, width)
        coarse, fine = config.coarse, config.fine
        self.coarse_head = CoarseClassifierHead(
            self.backbone.channels[2], coarse.channels, filter_size=coarse.filter_side
        )
        self.fine_head = FineClassifierHead(
            width,
            config.head_width,
            fine.channels,
            filter_size=fine.filter_side,
            norm_gain=config.norm_gain,
            groups=config.groups,
            deformable=config.deformable,
        )
        self.coarse = ClassificationModel(coarse, coarse.channels, stride=COARSE_STRIDE)
        self.fine = ClassificationModel(fine, fine.channels, stride=FINE_STRIDE)
        self.regression = PaperRegression(config)
        for name, value in (("rgb_mean", RGB_MEAN), ("rgb_std", RGB_STD)):
            constant = torch.tensor(value).view(3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    def encode(self, images: Tensor) -> _Encoding:
        """Run backbone and decoder; see `FcotNet.encode`."""
        taps = self.backbone((images - self.rgb_mean) / self.rgb_std)
        return _Encoding(taps.layer3, self.decoder(taps))

    def classify(self, encoding: object) -> ClassFeatures:
        """Classification heads of score maps 18 and 72."""
        tap, maps = cast(_Encoding, encoding)
        return ClassFeatures(self.coarse_head(tap), self.fine_head(maps.fine))

    def regress(self, encoding: object, span: CellSpan | None = None) -> BoxFeatures:
        """Regression head-1 on both decoder maps, and these maps for the generator.

        Its norms are over the whole map, which is always made.
        """
        maps = cast(_Encoding, encoding).maps
        regression = self.regression.head(maps.middle, maps.fine)
        return BoxFeatures(regression, maps.fine, maps.middle, None)


class LiteNet(FcotNet):
    """Fixed gradient and colour features beside those of a learned network."""

    regression: LiteRegression

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.backbone: LiteBackbone | EfficientNetFeatures
        if isinstance(config.backbone, EfficientNetBackboneConfig):
            self.backbone = EfficientNetFeatures(config.backbone)
        else:
            self.backbone = LiteBackbone(config.backbone)
        fixed = (
            GradientFeatures.CHANNELS if config.backbone.use_gradient_features else 0
        )
        self.coarse_head = ClassificationHead(
            self.backbone.coarse_width,
            config.coarse.channels,
            inside=config.coarse.head_width,
        )
        self.fine_head = ClassificationHead(
            config.backbone.decoder_width,
            config.fine.channels,
            inside=config.fine.head_width,
        )
        ratio = COARSE_STRIDE // FINE_STRIDE // 2
        self.coarse = ClassificationModel(
            config.coarse,
            config.coarse.channels + fixed * ratio**2,
            stride=COARSE_STRIDE,
        )
        self.fine = ClassificationModel(
            config.fine, config.fine.channels + fixed, stride=FINE_STRIDE
        )
        self.regression = LiteRegression(
            config.regressor,
            decoder_width=config.backbone.decoder_width,
            fixed_channels=self.backbone.detail_width,
        )
        # a half to two thirds of the time on a CPU
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                module.to(memory_format=torch.channels_last)

    @property
    def has_fixed_features(self) -> bool:
        """Whether fixed features stand behind the learned channels of all maps."""
        return self.backbone.fixed is not None

    def encode(self, images: Tensor) -> BackboneFeatures:
        """Run the backbone with its decoder; see `FcotNet.encode`."""
        maps: BackboneFeatures = self.backbone(images)
        return maps

    def classify(self, encoding: object) -> ClassFeatures:
        """Learned maps of both scales, fixed features behind them."""
        maps = cast(BackboneFeatures, encoding)
        coarse, fine = self.coarse_head(maps.coarse), self.fine_head(maps.fine)
        if maps.fixed is not None:
            coarse = torch.cat([coarse, _coarsen(maps.fixed)], 1)
            fine = torch.cat([fine, maps.fixed], 1)
        return ClassFeatures(coarse, fine)

    def regress(self, encoding: object, span: CellSpan | None = None) -> BoxFeatures:
        """Learned regression map, and the maps that it is made from."""
        maps = cast(BackboneFeatures, encoding)
        if span is None:
            regression = self.regression.head(maps.fine)
        else:
            regression = self._regress_span(maps.fine, span)
        return BoxFeatures(regression, maps.fine, None, maps.detail)

    def _regress_span(self, decoder: Tensor, span: CellSpan) -> Tensor:
        """Regression map with some cells alone, which are the same as in the whole."""
        size = decoder.shape[-2], decoder.shape[-1]
        inner = span.widen(0, size)
        outer = inner.widen(self.regression.head_reach, size)
        found: Tensor = self.regression.head(
            decoder[..., outer.top : outer.bottom, outer.left : outer.right]
        )
        whole = found.new_zeros(*found.shape[:2], *size)
        rows, columns = inner.bottom - inner.top, inner.right - inner.left
        part = found.narrow(2, inner.top - outer.top, rows)
        part = part.narrow(3, inner.left - outer.left, columns)
        whole[..., inner.top : inner.bottom, inner.left : inner.right] = part
        return whole


def _coarsen(fixed: Tensor) -> Tensor:
    """Stride 4 to stride 16: cells of 8 px, four of them side by side as channels."""
    return F.pixel_unshuffle(F.avg_pool2d(fixed, 2), 2)
