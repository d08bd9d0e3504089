"""A trained network as the teacher of another: its score maps are learned.

Teacher and student each learn target filters on the train frames, with features of
their own, and score the test frames. The student's scores shall be those of the
teacher, by the hinge loss that also judges them by the truth: where the teacher sees
background, any score up to 0 will do. The maps are compared and not the features, since
features of two networks have neither channels nor scale in common.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fcot_engine.errors import TrainingError
from fcot_engine.model import FcotNet
from fcot_engine.ops import hinge_classification_loss
from fcot_engine.training.batches import TrainingBatch
from fcot_engine.training.objective import learn_filters


class Teacher:
    """A trained network that is asked and never changed.

    Args:
        network: moved to the device of the batches by the caller.
        iterations: steps of its optimiser for a filter.
    """

    def __init__(self, network: FcotNet, *, iterations: int) -> None:
        self.network = network.eval().requires_grad_(False)
        self._iterations = iterations

    @torch.no_grad()
    def score(self, batch: TrainingBatch) -> list[Tensor]:
        """Score the test frames with filters from the train frames.

        Returns:
            Maps `(B, Ns, rows, columns)` by the last filters, coarse and fine.
        """
        count, n_train = batch.train_images.shape[:2]
        images = torch.cat([batch.train_images, batch.test_images], 1)
        maps = self.network.extract(images.flatten(0, 1)).for_classifier
        found = []
        for model, features in zip(
            (self.network.coarse, self.network.fine), maps, strict=True
        ):
            split = features.unflatten(0, (count, -1))
            filters = learn_filters(
                model, batch, split[:, :n_train], iterations=self._iterations
            )
            found.append(model.score(split[:, n_train:], filters.iterates[-1]))
        return found

    def compare(
        self, student: FcotNet, scores: Sequence[Tensor], batch: TrainingBatch
    ) -> Tensor:
        """Measure how far a student's scores are from the teacher's.

        Frames without the target do not count: there the truth is known to be 0.

        Args:
            student: the network that gave the scores; its grid may be another one.
            scores: its own maps, coarse and fine, with gradient.
            batch: what was scored.

        Returns:
            Sum of both scales, a scalar.
        """
        losses = []
        for teacher, learner, own, wanted in zip(
            (self.network.coarse, self.network.fine),
            (student.coarse, student.fine),
            scores,
            self.score(batch),
            strict=True,
        ):
            shift = (learner.first_cell_px - teacher.first_cell_px) / teacher.stride
            size = (own.shape[-2], own.shape[-1])
            target = resample_scores(wanted, size, shift=shift)
            present = batch.test_present[..., None, None].to(own.dtype)
            losses.append(hinge_classification_loss(own * present, target * present))
        return torch.stack(losses).sum()


def resample_scores(maps: Tensor, size: tuple[int, int], *, shift: float) -> Tensor:
    """Read score maps at the cells of another grid of the same stride.

    Args:
        maps: `(*, rows, columns)`.
        size: rows and columns of the other grid.
        shift: place of its first cell on the grid of `maps`, in cells; between cells
            the mean of neighbours is taken, beyond the border the last cell.

    Raises:
        TrainingError: the grids differ by more than one row or column.

    Example:
        >>> resample_scores(torch.tensor([[0.0, 4.0]]), (1, 3), shift=-0.5)
        tensor([[0., 2., 4.]])
    """
    for own, other in zip(maps.shape[-2:], size, strict=True):
        if abs(own - other) > 1:
            raise TrainingError(
                f"Score maps of {tuple(maps.shape[-2:])} cells cannot be compared with "
                f"{size}: teacher and student must have the same strides."
            )
    for dim, wanted in zip((-2, -1), size, strict=True):
        last = maps.shape[dim] - 1
        place = torch.arange(wanted, device=maps.device, dtype=torch.float32) + shift
        place = place.clamp(0, last)
        low = place.floor()
        part = (place - low).to(maps.dtype)
        part = part[:, None] if dim == -2 else part
        high = (low.long() + 1).clamp(max=last)
        maps = maps.index_select(dim, low.long()) * (1 - part) + (
            maps.index_select(dim, high) * part
        )
    return maps
