"""The regression branch of the paper (sections III-A c and III-B)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fcot_engine.config import FINE_STRIDE, PaperNetworkConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model.features import BoxFeatures
from fcot_engine.model.regression import RegressionBranch
from fcot_engine.model.regression_heads import FilterGeneratorHead, RegressionHead

__all__ = ["PaperRegression"]


class PaperRegression(RegressionBranch):
    """Filters of 4 x 256 x 3 x 3 that answer offsets in cells, without a constant."""

    is_positive = True  # the released network ends with a ReLU

    def __init__(self, config: PaperNetworkConfig) -> None:
        super().__init__()
        self.channels = config.regression_channels
        self.filter_side = config.regression_side
        self.offset_unit_px = float(FINE_STRIDE)
        self.head = RegressionHead(
            config.decoder_width,
            config.head_width,
            config.regression_channels,
            groups=config.groups,
            deformable=config.deformable,
        )
        # pooled with cells centred at i * stride, as the released weights were trained
        self.generator = FilterGeneratorHead(
            config.decoder_width,
            config.head_width,
            config.regression_channels,
            filter_size=config.regression_side,
            pool_offset=0.0,
            groups=config.groups,
            deformable=config.deformable,
        )
        self.eta = nn.Parameter(torch.tensor(config.regularisation))

    def generate_each(self, features: BoxFeatures, boxes_xywh: Tensor) -> Tensor:
        """Make one regression model a sample, `(N, 4, D)`."""
        assert features.decoder_coarse is not None
        filters: Tensor = self.generator(
            features.decoder_coarse, features.decoder, xywh_to_xyxy(boxes_xywh)
        )
        return filters.flatten(2)  # (N, 4, C * k * k)
