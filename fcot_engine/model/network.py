"""The whole network: backbone, heads, and the models of both branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcot_engine.config.network import COARSE_STRIDE, FINE_STRIDE, NetworkConfig
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.lite_backbone import LiteBackbone
from fcot_engine.model.regression import RegressionBranch

__all__ = ["FcotNet", "Features"]


class Features(NamedTuple):
    """Feature maps of a batch of N patches."""

    coarse: Tensor
    """For the coarse classifier, stride 16, `(N, C, S / 16, S / 16)`."""
    fine: Tensor
    """For the fine classifier, stride 4."""
    regression: Tensor
    """For the regression filters (Regression Head-1), stride 4."""
    decoder: Tensor
    """For the regression model generator, stride 4."""
    fixed: Tensor | None
    """Fixed features at stride 4, or None."""

    @classmethod
    def join(cls, parts: Sequence[Features]) -> Features:
        """Join several batches along their first dimension."""
        fixed = [part.fixed for part in parts if part.fixed is not None]
        return cls(
            torch.cat([part.coarse for part in parts]),
            torch.cat([part.fine for part in parts]),
            torch.cat([part.regression for part in parts]),
            torch.cat([part.decoder for part in parts]),
            torch.cat(fixed) if fixed else None,
        )


class FcotNet(nn.Module):
    """The network knows patches, not videos; nothing online is kept in it."""

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.backbone = LiteBackbone(config.backbone)
        fixed = (
            GradientFeatures.CHANNELS if config.backbone.use_gradient_features else 0
        )
        self.coarse_head = _ClassificationHead(
            config.backbone.widths[2], config.coarse.channels
        )
        self.fine_head = _ClassificationHead(
            config.backbone.decoder_width, config.fine.channels
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
        self.regression = RegressionBranch(
            config.regressor,
            decoder_width=config.backbone.decoder_width,
            fixed_channels=fixed,
        )

    def extract(self, images: Tensor) -> Features:
        """Compute everything that the online models look at.

        Args:
            images: `(N, 3, S, S)` RGB in [0, 1], S a multiple of 16.
        """
        maps = self.backbone(images)
        coarse, fine = self.coarse_head(maps.coarse), self.fine_head(maps.fine)
        if maps.fixed is not None:
            coarse = torch.cat([coarse, _coarsen(maps.fixed)], 1)
            fine = torch.cat([fine, maps.fixed], 1)
        regression = self.regression.head(maps.fine)
        return Features(coarse, fine, regression, maps.fine, maps.fixed)

    def stage_parameters(self, stage: Literal["one", "two"]) -> Iterator[nn.Parameter]:
        """Parameters that a training stage moves (paper, section IV-A).

        Stage one trains everything but the rectifier; stage two the rectifier alone.
        """
        rectifier = {id(self.regression.eta)}
        for parameter in self.parameters():
            if (id(parameter) in rectifier) == (stage == "two"):
                yield parameter


class _ClassificationHead(nn.Module):
    """A 3x3 convolution and an instance norm with a learned gain."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, padding=1)
        self.gain = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        power = x.square().mean((1, 2, 3), keepdim=True)
        return x * (self.gain * (power + 1e-5).rsqrt())


def _coarsen(fixed: Tensor) -> Tensor:
    """Stride 4 to stride 16: cells of 8 px, four of them side by side as channels."""
    return F.pixel_unshuffle(F.avg_pool2d(fixed, 2), 2)
