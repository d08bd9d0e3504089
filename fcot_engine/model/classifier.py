"""The classification model: its start and its steepest-descent optimiser.

One target filter a scale is learned online on labelled feature maps, as in DiMP, with
tables for label, mask and weight over the distance to the target's centre that are
learned offline (paper, section III-A b; DiMP, section 3.2).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fcot_engine.config import ClassifierConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.ops import (
    apply_filter,
    correlate_with_scores,
    distance_map,
    prroi_pool,
)


class LabelMaps(NamedTuple):
    """What the scores of each cell should be, each of shape `(*, N, H, W)`."""

    label: Tensor
    """Wanted score."""
    mask: Tensor
    """In [0, 1]: 1 near the target, where any deviation counts; 0 far from it, where
    only positive scores count."""
    weight: Tensor
    """How much a cell counts."""


class Descent(NamedTuple):
    """What the optimiser gives."""

    filters: list[Tensor]
    """After each step, the last one last; empty for 0 steps."""
    scores: Tensor
    """Of the samples under the last one, `(*, N, H, W)`."""


class ClassificationModel(nn.Module):
    """Makes and optimises the target filters of one scale."""

    def __init__(self, config: ClassifierConfig, channels: int, *, stride: int) -> None:
        """Make it for feature maps of `channels` channels at `stride` patch pixels."""
        super().__init__()
        self.config = config
        self.stride = stride
        distance = torch.arange(config.distance_bins) * config.bin_width  # cells
        label = torch.exp(-0.5 * (distance / config.label_sigma) ** 2)
        self.label_table = nn.Parameter(label)
        self.mask_table = nn.Parameter(3 * torch.tanh(2 - config.mask_slope * distance))
        self.weight_table = nn.Parameter(torch.ones(config.distance_bins))
        self.log_step = nn.Parameter(torch.tensor(math.log(config.step_scale)))
        self.filter_reg = nn.Parameter(torch.tensor(config.filter_regularisation))
        if config.initialiser == "box":
            self.start_conv = nn.Conv2d(channels, channels, 3, padding=1)
        else:
            self.start_gain = nn.Parameter(torch.zeros(channels, 1, 1))

    @property
    def first_cell_px(self) -> float:
        """Where the score in row 0 or column 0 lies, in patch pixels.

        Filters of an odd side score the middle of each feature cell, those of an even
        side the corners between cells.
        """
        return self.stride / 2 if self.config.filter_side % 2 else 0.0

    def score_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the score map for feature maps of that size."""
        extra = 1 - self.config.filter_side % 2
        return size[0] + extra, size[1] + extra

    def start_filter(self, features: Tensor, boxes_xywh: Tensor) -> Tensor:
        """Make a first filter from the look of the target (the initialiser).

        Args:
            features: `(*, N, C, H, W)`.
            boxes_xywh: `(*, N, 4)` in patch pixels.

        Returns:
            `(*, C, k, k)`, the mean over the N frames. With a window: the features
            around the target's centre, weighted by channel; a new model's weights are
            0. With a box: a convolution of the features, pooled over the box to k x k.
        """
        *lead, n, c, height, width = features.shape
        side = self.config.filter_side
        maps = features.reshape(-1, c, height, width)
        boxes = boxes_xywh.reshape(-1, 4)
        if self.config.initialiser == "box":
            # cells centred at i * stride, as the released weights were trained
            pooled = prroi_pool(
                self.start_conv(maps), xywh_to_xyxy(boxes), side, stride=self.stride
            )
            mean: Tensor = pooled.view(*lead, n, c, side, side).mean(-4)
            return mean
        center = boxes[:, :2] + boxes[:, 2:] / 2
        half = side * self.stride / 2
        window = torch.cat([center - half, center + half], -1)
        pooled = prroi_pool(maps, window, side, stride=self.stride, offset=0.5)
        mean = pooled.view(*lead, n, c, side, side).mean(-4)
        return mean * self.start_gain / side**2

    def score(self, features: Tensor, target_filter: Tensor) -> Tensor:
        """Score every cell of `(*, N, C, H, W)` features: Eq. 1, one scale."""
        return apply_filter(features, target_filter)

    def label_maps(self, boxes_xywh: Tensor, size: tuple[int, int]) -> LabelMaps:
        """Read the learned tables for some targets.

        Args:
            boxes_xywh: `(*, 4)` in patch pixels.
            size: rows and columns of the feature maps.

        Returns:
            Three maps of shape `(*, rows, columns)`, of the score map's size.
        """
        size = self.score_size(size)
        center = boxes_xywh[..., :2] + boxes_xywh[..., 2:] / 2
        distance = distance_map(
            center, size, stride=self.stride, offset=self.first_cell_px / self.stride
        )
        last = self.config.distance_bins - 1
        position = (distance / self.config.bin_width).clamp(max=last)
        low = position.floor().clamp(max=last - 1)
        part = position - low
        low_index = low.long()

        def read(table: Tensor) -> Tensor:
            return table[low_index] * (1 - part) + table[low_index + 1] * part

        return LabelMaps(
            read(self.label_table),
            torch.sigmoid(read(self.mask_table)),
            read(self.weight_table),
        )

    def optimise(
        self,
        target_filter: Tensor,
        features: Tensor,
        labels: LabelMaps,
        *,
        sample_weights: Tensor,
        iterations: int,
        scores: Tensor | None = None,
    ) -> Descent:
        """Improve a filter by steepest descent with the Gauss-Newton step length.

        Args:
            target_filter: `(*, C, k, k)`.
            features: `(*, N, C, H, W)`.
            labels: maps of shape `(*, N, H, W)`.
            sample_weights: `(*, N)`, summing to 1.
            iterations: number of steps.
            scores: of the features under the filter, `(*, N, H, W)`, where they are
                known: a third of the time of one step.
        """
        root = sample_weights.sqrt()[..., None, None] * labels.weight
        decay = self.filter_reg.square().clamp(min=1e-6)
        lower, upper = (1 - labels.mask) / 2, (1 + labels.mask) / 2
        iterates = []
        if scores is None:
            scores = apply_filter(features, target_filter)
        for _ in range(iterations):
            slope = lower * scores.sign() + upper
            residual = root * (lower * scores.abs() + upper * scores - labels.label)
            gradient = correlate_with_scores(
                features, root * slope * residual, side=target_filter.shape[-1]
            )
            gradient = gradient + decay * target_filter
            along = apply_filter(features, gradient)
            power = gradient.square().sum((-1, -2, -3), keepdim=True)
            curvature = (root * slope * along).square().sum((-1, -2, -3))
            step = power / (curvature[..., None, None, None] + decay * power).clamp(
                min=1e-8
            )
            step = self.log_step.exp() * step
            target_filter = target_filter - step * gradient
            scores = scores - step * along  # filtering is linear: no third pass
            iterates.append(target_filter)
        return Descent(iterates, scores)
