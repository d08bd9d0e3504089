"""A loss that tells targets apart: what gets a network without pre-training started.

InfoNCE between the target's feature in the train frames of a sequence and every cell of
every test frame of the batch. Without it both classification branches collapse into a
prior for the patch's centre.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.ops import prroi_pool
from fcot_engine.training.training_batch import TrainingBatch

__all__ = ["matching_loss"]

_TEMPERATURE = 0.07


def matching_loss(
    batch: TrainingBatch, train: Tensor, test: Tensor, *, stride: int
) -> Tensor:
    """Cross entropy of finding each present target among all cells of the batch.

    Args:
        batch: B sequences with Nt train and Ns test frames.
        train: learned features of the train frames, `(B, Nt, C, H, W)`.
        test: the same of the test frames, `(B, Ns, C, H, W)`.
        stride: patch pixels a cell.

    Returns:
        A scalar; 0 where no test frame shows its target.
    """
    count, n_train, channels = train.shape[:3]
    corners = xywh_to_xyxy(batch.train_boxes_xywh).flatten(0, 1)
    pooled = prroi_pool(train.flatten(0, 1), corners, 1, stride=stride, offset=0.5)
    query = pooled.view(count, n_train, channels).mean(1)
    center = xywh_to_xyxy(batch.test_boxes_xywh).flatten(0, 1)
    center = (center[:, :2] + center[:, 2:]) / 2
    height, width = test.shape[-2:]
    column = (center[:, 0] / stride).long().clamp(0, width - 1)
    row = (center[:, 1] / stride).long().clamp(0, height - 1)
    maps = F.normalize(test.flatten(0, 1), dim=1).permute(0, 2, 3, 1)  # (B*Ns, H, W, C)
    frame = torch.arange(len(maps), device=maps.device)
    logits = F.normalize(query, dim=1) @ maps.reshape(-1, channels).T / _TEMPERATURE
    right = (frame * height + row) * width + column
    each = F.cross_entropy(
        logits.repeat_interleave(test.shape[1], 0), right, reduction="none"
    )
    present = batch.test_present.flatten().to(each.dtype)
    return (each * present).sum() / present.sum().clamp(min=1)
