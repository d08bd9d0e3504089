"""The training loss (paper, section IV-A), and a matching loss that gets it started.

For each sequence the classification filters and the regression model are made from the
train frames, as while tracking, and judged on the test frames:

    L = 100 (L_cls at both scales) + L_reg + 0.2 L_match

L_cls is DiMP's hinge loss over the optimiser's iterates, L_reg the IoU loss within two
cells of the centre, for the generated and for the rectified model. L_match (InfoNCE
between the target's feature in a train frame and every cell of every test frame of the
batch) keeps a network without pre-training from collapsing into a prior for the centre.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config.network import COARSE_STRIDE, FINE_STRIDE
from fcot_engine.config.training import Stage
from fcot_engine.geometry.boxes import xywh_to_xyxy
from fcot_engine.model.classifier import ClassificationModel
from fcot_engine.model.network import BoxFeatures, FcotNet, Features
from fcot_engine.model.rectifier import rectify
from fcot_engine.ops.box_offsets import encode_offsets
from fcot_engine.ops.losses import (
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
)
from fcot_engine.ops.roi_pooling import prroi_pool
from fcot_engine.training.training_batch import TrainingBatch

__all__ = ["compute_losses"]

_CLASS_WEIGHT = 100.0
_MATCH_WEIGHT = 0.2
_TEMPERATURE = 0.07
_ITERATIONS = 4  # optimiser steps while training; tracking takes more
_RECTIFIER_STEPS = 4
_NEAR_CELLS = (-2, 0, 2)  # around the centre, that the rectifier learns from


def compute_losses(
    network: FcotNet, batch: TrainingBatch, *, stage: Stage
) -> dict[str, Tensor]:
    """Measure a network on a batch of sequences.

    Args:
        network: in training mode.
        batch: B sequences with Nt train and Ns test frames.
        stage: "one" for the whole loss, "two" for the rectified regression alone.

    Returns:
        Scalars by name: "total" to be minimised, its parts, and figures without
        gradient (`spread_*`: variance over the batch over total power of the learned
        features, near 0 when they do not depend on the image).
    """
    train, test = _extract(network, batch)
    generated, rectified = _regression_losses(network, batch, train, test)
    if stage == "two":
        return {"total": rectified, "rectified": rectified}
    coarse = _classification_loss(network.coarse, batch, train.coarse, test.coarse)
    fine = _classification_loss(network.fine, batch, train.fine, test.fine)
    parts = {
        "coarse": _CLASS_WEIGHT * coarse,
        "fine": _CLASS_WEIGHT * fine,
        "generated": generated,
        "rectified": rectified,
    }
    learned = network.config.coarse.channels, network.config.fine.channels
    for name, stride, channels in zip(
        ("coarse", "fine"), (COARSE_STRIDE, FINE_STRIDE), learned, strict=True
    ):
        train_map = getattr(train, name)[:, :, :channels]
        test_map = getattr(test, name)[:, :, :channels]
        match = _matching_loss(batch, train_map, test_map, stride=stride)
        parts[f"match_{name}"] = _MATCH_WEIGHT * match
        parts[f"spread_{name}"] = _batch_spread(test_map)
    losses = [value for name, value in parts.items() if not name.startswith("spread")]
    return {"total": torch.stack(losses).sum(), **parts}


def _extract(network: FcotNet, batch: TrainingBatch) -> tuple[Features, Features]:
    """Features of train and test frames, each map `(B, N, C, H, W)`."""
    count, n_train = batch.train_images.shape[:2]
    images = torch.cat([batch.train_images, batch.test_images], 1)
    maps = network.extract(images.flatten(0, 1))
    split = [None if m is None else m.unflatten(0, (count, -1)) for m in maps]
    return (
        Features(*(None if m is None else m[:, :n_train] for m in split)),  # type: ignore[arg-type]
        Features(*(None if m is None else m[:, n_train:] for m in split)),  # type: ignore[arg-type]
    )


def _classification_loss(
    model: ClassificationModel, batch: TrainingBatch, train: Tensor, test: Tensor
) -> Tensor:
    """Hinge loss on the test frames for the start and the iterates of the filter."""
    n_train = train.shape[1]
    size = (train.shape[-2], train.shape[-1])
    start = model.start_filter(train, batch.train_boxes_xywh)
    iterates = model.optimise(
        start,
        train,
        model.label_maps(batch.train_boxes_xywh, size),
        sample_weights=train.new_full(train.shape[:2], 1 / n_train),
        iterations=_ITERATIONS,
    )
    boxes = batch.test_boxes_xywh
    wanted = gaussian_label(
        boxes[..., :2] + boxes[..., 2:] / 2,
        model.score_size(size),
        model.config.label_sigma,
        stride=model.stride,
        offset=model.first_cell_px / model.stride,
    )
    scores = [model.score(test, iterate) for iterate in (iterates[1], iterates[-1])]
    halfway, final = (hinge_classification_loss(s, wanted) for s in scores)
    return 0.4 * halfway + final


def _regression_losses(
    network: FcotNet, batch: TrainingBatch, train: Features, test: Features
) -> tuple[Tensor, Tensor]:
    """IoU losses of the generated and of the rectified model."""
    branch = network.regression
    boxes = batch.train_boxes_xywh
    count, n_train = boxes.shape[:2]
    flat = (None if m is None else m.flatten(0, 1) for m in train.for_regressor)
    models = branch.generate_each(BoxFeatures(*flat), boxes.flatten(0, 1))  # type: ignore[arg-type]
    size = branch.plain_size
    generated = models.unflatten(0, (count, n_train)).mean(1)[..., :size]
    cells, targets = _near_center(boxes, train.regression.shape[-2:])
    repeated = train.regression.flatten(0, 1).repeat_interleave(cells.shape[1], 0)
    inputs = branch.learned_inputs(repeated, cells.flatten(0, 1))
    inputs = inputs.view(count, -1, size)
    targets = targets.view(count, -1, 4) / branch.offset_unit_px
    rectified = rectify(
        generated,
        inputs,
        targets,
        inputs.new_full(inputs.shape[:2], 1 / inputs.shape[1]),
        eta=branch.eta,
        iterations=_RECTIFIER_STEPS,
    )
    truth = xywh_to_xyxy(batch.test_boxes_xywh).flatten(0, 1)
    losses = [
        offset_iou_loss(
            branch.offset_maps(test.regression, model).flatten(0, 1),
            truth,
            stride=FINE_STRIDE,
            unit="px",
            smooth=float(FINE_STRIDE**2),
        )
        for model in (generated, rectified)
    ]
    return losses[0], losses[1]


def _near_center(boxes_xywh: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
    """Cells around the centres, `(B * Nt, 9, 2)`, and their offsets in pixels."""
    boxes = boxes_xywh.flatten(0, 1)
    center = (boxes[:, :2] + boxes[:, 2:] / 2) / FINE_STRIDE
    steps = torch.tensor(_NEAR_CELLS, device=boxes.device)
    around = torch.cartesian_prod(steps, steps)  # (9, 2)
    limit = torch.tensor([size[1] - 1, size[0] - 1], device=boxes.device)
    cells = center.floor().long()[:, None] + around
    cells = torch.minimum(cells.clamp(min=0), limit)
    points = (cells + 0.5) * FINE_STRIDE
    return cells, encode_offsets(xywh_to_xyxy(boxes)[:, None], points)


def _matching_loss(
    batch: TrainingBatch, train: Tensor, test: Tensor, *, stride: int
) -> Tensor:
    """InfoNCE: the target's feature against every cell of the batch's test frames."""
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
    n_test = test.shape[1]
    right = (frame * height + row) * width + column
    return F.cross_entropy(logits.repeat_interleave(n_test, 0), right)


def _batch_spread(maps: Tensor) -> Tensor:
    """Variance over the batch over total power of `(B, N, C, H, W)` maps."""
    flat = maps.detach().flatten(0, 1)
    return flat.var(0, unbiased=False).mean() / flat.square().mean().clamp(min=1e-12)
