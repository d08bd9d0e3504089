"""Feature maps at a coarser resolution, for the rows of the paper's Table I.

The maps are averaged over blocks of cells and spread again over the same cells, so
their sizes, and with them all geometry, stay as they are: only detail is lost. The
weights were trained at full resolution, not for the row; the figures tell what the
detail is worth to these weights, and not what a network trained without it would reach.
"""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import FINE_STRIDE, AblationConfig
from fcot_engine.model import BoxFeatures, ClassFeatures, Features

__all__ = ["average_cells", "reduce_resolution"]

_FINEST_STRIDES = {"regression": 4, "decoder": 4, "decoder_coarse": 8, "fixed": 4}

_Maps = TypeVar("_Maps", Features, ClassFeatures, BoxFeatures)


def reduce_resolution(features: _Maps, config: AblationConfig) -> _Maps:
    """Bring what the fine classifier and the regression read to coarser cells.

    Args:
        features: of N patches, for both branches or for one.
        config: the strides in patch pixels; the defaults change nothing.
    """
    changed = {}
    for name, maps in features._asdict().items():
        if name in _FINEST_STRIDES:
            times = config.regression_stride // _FINEST_STRIDES[name]
        else:
            times = config.fine_stride // FINE_STRIDE if name == "fine" else 1
        if maps is not None and times > 1:
            changed[name] = average_cells(maps, times)
    return features._replace(**changed) if changed else features


def average_cells(maps: Tensor, times: int) -> Tensor:
    """Give all cells of a `times` by `times` block their mean, `(N, C, H, W)`.

    Where the size is no multiple of `times` the last blocks are smaller.
    """
    height, width = maps.shape[-2:]
    pooled = F.avg_pool2d(maps, times, ceil_mode=True, count_include_pad=False)
    spread = pooled.repeat_interleave(times, -2).repeat_interleave(times, -1)
    return spread[..., :height, :width]
