"""A network with coarser feature maps, for the rows of the paper's Table I.

The maps are averaged over blocks of cells and spread again over the same cells, so
their sizes, and with them all geometry, stay as they are: only detail is lost. The
weights were trained at full resolution, not for the row; the figures tell what the
detail is worth to these weights, and not what a network trained without it would reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import FINE_STRIDE
from fcot_engine.model import BoxFeatures, CellSpan, ClassFeatures, FcotNet

_FINEST_STRIDES = {"regression": 4, "decoder": 4, "decoder_coarse": 8, "fixed": 4}


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """How coarse the features are made; the defaults change nothing."""

    fine_stride: Literal[4, 8] = 4
    """Resolution of the fine classifier's map, in patch pixels a cell; 8 is what the
    backbone gives without up-sampling."""
    regression_stride: Literal[4, 8, 16] = 4
    """The same for everything that the regression branch reads."""


class AblatedNet(FcotNet):
    """A network whose maps come out at coarser resolution; for a `Tracker`."""

    def __init__(self, network: FcotNet, ablation: Ablation) -> None:
        """Wrap a network, which is used as it is."""
        super().__init__()
        self.config = network.config
        self.coarse, self.fine = network.coarse, network.fine
        self.regression = network.regression
        self.network = network
        self.ablation = ablation

    @property
    def has_fixed_features(self) -> bool:
        """See `FcotNet`."""
        return self.network.has_fixed_features

    def encode(self, images: Tensor) -> object:
        """See `FcotNet`."""
        return self.network.encode(images)

    def classify(self, encoding: object) -> ClassFeatures:
        """See `FcotNet`; the fine map is coarser."""
        maps = self.network.classify(encoding)
        times = self.ablation.fine_stride // FINE_STRIDE
        return maps._replace(fine=_average_cells(maps.fine, times))

    def regress(self, encoding: object, span: CellSpan | None = None) -> BoxFeatures:
        """See `FcotNet`; all maps are coarser, and whole."""
        maps = self.network.regress(encoding)
        coarser = {}
        for name, finest in _FINEST_STRIDES.items():
            found: Tensor | None = getattr(maps, name)
            if found is not None:
                times = self.ablation.regression_stride // finest
                coarser[name] = _average_cells(found, times)
        return maps._replace(**coarser)


def _average_cells(maps: Tensor, times: int) -> Tensor:
    """Give all cells of a `times` by `times` block their mean, `(N, C, H, W)`.

    Where the size is no multiple of `times` the last blocks are smaller.
    """
    if times <= 1:
        return maps
    height, width = maps.shape[-2:]
    pooled = F.avg_pool2d(maps, times, ceil_mode=True, count_include_pad=False)
    spread = pooled.repeat_interleave(times, -2).repeat_interleave(times, -1)
    return spread[..., :height, :width]
