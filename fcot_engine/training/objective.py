"""The training loss (paper, section IV-A), and a matching loss that gets it started.

For each sequence the classification filters and the regression model are made from the
train frames, as while tracking, and judged on the test frames:

    L = a (L_cls at both scales) + b L_reg + c L_match (+ d L_distil)

L_cls is DiMP's hinge loss for the first filter, some of the optimiser's iterates and
the last one, L_reg the IoU loss within two cells of the centre, for the generated and
for the rectified model, L_distil, where there is a teacher, that of `distillation`.
L_match tells targets apart (InfoNCE): between the target's feature in the train frames
of a sequence and every cell of every test frame of the batch. Without it a network that
is not pre-trained collapses into a prior for the patch's centre. The weights are
settings.
In a test frame that does not show the target no score should be above 0, and boxes do
not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from fcot_engine.config import COARSE_STRIDE, FINE_STRIDE, LossConfig, Stage
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model import (
    BoxFeatures,
    ClassificationModel,
    FcotNet,
    Features,
    rectify,
)
from fcot_engine.ops import (
    encode_offsets,
    gaussian_label,
    hinge_classification_loss,
    offset_iou_loss,
    prroi_pool,
)
from fcot_engine.training.batches import TrainingBatch

if TYPE_CHECKING:
    from fcot_engine.training.distillation import Teacher


_DEFAULT = LossConfig()
_FAR_PX = -1e5  # where no cell is
_NEAR_CELLS = (-2, 0, 2)  # around the centre, that the rectifier learns from


def compute_losses(
    network: FcotNet,
    batch: TrainingBatch,
    *,
    stage: Stage,
    config: LossConfig = _DEFAULT,
    teacher: Teacher | None = None,
) -> dict[str, Tensor]:
    """Measure a network on a batch of sequences.

    Args:
        network: in training mode.
        batch: B sequences with Nt train and Ns test frames.
        stage: "one" for the whole loss, "two" for the rectified regression alone.
        config: the weights of the parts.
        teacher: a network whose score maps are learned too, in stage one.

    Returns:
        Scalars by name: "total" to be minimised, its parts, and figures without
        gradient (`spread_*`: variance over the batch over total power of the learned
        features, near 0 when they do not depend on the image).
    """
    train, test = _extract(network, batch)
    generated, rectified = _regression_losses(network, batch, train, test, config)
    rectified = config.rectified * rectified
    if stage == "two":
        return {"total": rectified, "rectified": rectified}
    coarse, coarse_scores = _classification_loss(
        network.coarse, batch, train.coarse, test.coarse, config
    )
    fine, fine_scores = _classification_loss(
        network.fine, batch, train.fine, test.fine, config
    )
    parts = {
        "coarse": config.coarse * coarse,
        "fine": config.fine * fine,
        "generated": config.generated * generated,
        "rectified": rectified,
    }
    if teacher is not None:
        scores = [coarse_scores, fine_scores]
        parts["distilled"] = config.distilled * teacher.compare(network, scores, batch)
    learned = network.config.coarse.channels, network.config.fine.channels
    for name, stride, channels in zip(
        ("coarse", "fine"), (COARSE_STRIDE, FINE_STRIDE), learned, strict=True
    ):
        train_map = getattr(train, name)[:, :, :channels]
        test_map = getattr(test, name)[:, :, :channels]
        match = _matching_loss(batch, train_map, test_map, stride=stride)
        parts[f"match_{name}"] = config.match * match
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
    model: ClassificationModel,
    batch: TrainingBatch,
    train: Tensor,
    test: Tensor,
    config: LossConfig,
) -> tuple[Tensor, Tensor]:
    """Hinge loss on the test frames for the first, some inner and the last filter.

    Returns:
        The loss, and the scores by the last filter, `(B, Ns, rows, columns)`.
    """
    start, iterates = learn_filters(model, batch, train, iterations=config.iterations)
    boxes = batch.test_boxes_xywh
    wanted = gaussian_label(
        boxes[..., :2] + boxes[..., 2:] / 2,
        model.score_size((train.shape[-2], train.shape[-1])),
        model.config.label_sigma,
        stride=model.stride,
        offset=model.first_cell_px / model.stride,
    )
    wanted = wanted * batch.test_present[..., None, None]

    def judge(target_filter: Tensor) -> Tensor:
        return hinge_classification_loss(model.score(test, target_filter), wanted)

    scores = model.score(test, iterates[-1])
    loss = hinge_classification_loss(scores, wanted)
    if config.inner > 0:
        inner = [judge(iterates[number - 1]) for number in config.inner_iterates]
        loss = loss + config.inner * torch.stack(inner).mean()
    if config.start > 0:
        loss = loss + config.start * judge(start)
    return loss, scores


def _regression_losses(
    network: FcotNet,
    batch: TrainingBatch,
    train: Features,
    test: Features,
    config: LossConfig,
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
        iterations=config.rectifier_iterations,
    )
    seen = torch.where(batch.test_present[..., None], batch.test_boxes_xywh, _FAR_PX)
    truth = xywh_to_xyxy(seen).flatten(0, 1)
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


def _batch_spread(maps: Tensor) -> Tensor:
    """Variance over the batch over total power of `(B, N, C, H, W)` maps."""
    flat = maps.detach().flatten(0, 1)
    return flat.var(0, unbiased=False).mean() / flat.square().mean().clamp(min=1e-12)


class LearnedFilters(NamedTuple):
    """What the initialiser and the optimiser made, each filter `(B, C, k, k)`."""

    start: Tensor
    """The initialiser's."""
    iterates: list[Tensor]
    """After each step of the optimiser, the last one last."""


def learn_filters(
    model: ClassificationModel, batch: TrainingBatch, train: Tensor, *, iterations: int
) -> LearnedFilters:
    """Make a filter for each sequence from its train frames.

    Args:
        model: of one scale.
        batch: B sequences with Nt train frames.
        train: features of these at that scale, `(B, Nt, C, H, W)`.
        iterations: steps of the optimiser, at least 1.
    """
    start = model.start_filter(train, batch.train_boxes_xywh)
    size = (train.shape[-2], train.shape[-1])
    iterates, _ = model.optimise(
        start,
        train,
        model.label_maps(batch.train_boxes_xywh, size),
        sample_weights=train.new_full(train.shape[:2], 1 / train.shape[1]),
        iterations=iterations,
    )
    return LearnedFilters(start, iterates)


_TEMPERATURE = 0.07


def _matching_loss(
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
