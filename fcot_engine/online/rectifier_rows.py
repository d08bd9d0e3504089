"""What the rectifier sees of a sample: a few rows of the problem of Eq. 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE, RegressionUpdateConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model import BoxFeatures, RegressionBranch
from fcot_engine.online.given_thinning import pick_evenly
from fcot_engine.ops import encode_offsets

__all__ = ["RectifierRows", "RowReader"]


@dataclass(frozen=True, eq=False)
class RectifierRows:
    """Inputs and wanted answers around the centres of some targets.

    The first cell of all samples comes first, then the second of all, and so on.
    """

    learned: Tensor
    """Learned inputs and the constant, `(N, plain_size)`."""
    detail: Tensor | None
    """Raw patches of fixed features, `(N, channels * side * side)`, or None."""
    targets: Tensor
    """Offsets in units of the filters, `(N, 4)`."""

    @classmethod
    def join(
        cls, parts: Sequence[RectifierRows], *, cells_per_sample: int
    ) -> RectifierRows:
        """Join the rows of several batches of samples."""

        def cat(rows: Sequence[Tensor]) -> Tensor:
            split = [part.unflatten(0, (cells_per_sample, -1)) for part in rows]
            return torch.cat(split, 1).flatten(0, 1)

        details = [part.detail for part in parts if part.detail is not None]
        return cls(
            cat([part.learned for part in parts]),
            cat(details) if details else None,
            cat([part.targets for part in parts]),
        )

    def thin(self, kept: int, *, cells_per_sample: int) -> RectifierRows:
        """Keep the rows of `kept` samples, the unchanged one among them."""
        n_samples = len(self.targets) // cells_per_sample
        if kept >= n_samples:
            return self
        samples = pick_evenly(n_samples, kept)
        rows = [n_samples * c + s for c in range(cells_per_sample) for s in samples]
        return RectifierRows(
            self.learned[rows],
            None if self.detail is None else self.detail[rows],
            self.targets[rows],
        )

    def split(self, n_samples: int) -> list[RectifierRows]:
        """Rows of each sample by itself."""

        def take(rows: Tensor, sample: int) -> Tensor:
            return rows[sample::n_samples].clone()  # lets go of the others

        return [
            RectifierRows(
                take(self.learned, sample),
                None if self.detail is None else take(self.detail, sample),
                take(self.targets, sample),
            )
            for sample in range(n_samples)
        ]


class RowReader:
    """Reads rows from feature maps, at the target's centre and at cells beside it."""

    def __init__(
        self, branch: RegressionBranch, config: RegressionUpdateConfig
    ) -> None:
        self._branch = branch
        self._config = config

    def read_parts(self, parts: Iterable[tuple[BoxFeatures, Tensor]]) -> RectifierRows:
        """Read the rows of samples that come in several batches."""
        jitters = torch.Generator().manual_seed(0)
        return RectifierRows.join(
            [self._read(features, boxes, jitters) for features, boxes in parts],
            cells_per_sample=self._config.cells_per_sample,
        )

    def read(self, features: BoxFeatures, boxes_xywh: Tensor) -> RectifierRows:
        """Read the rows of N samples with their boxes `(N, 4)` in patch pixels."""
        return self.read_parts([(features, boxes_xywh)])

    def _read(
        self, features: BoxFeatures, boxes_xywh: Tensor, jitters: torch.Generator
    ) -> RectifierRows:
        corners = xywh_to_xyxy(boxes_xywh)
        center = (corners[:, :2] + corners[:, 2:]) / 2
        size = features.regression.shape[-2:]
        limit = torch.tensor([size[1] - 1, size[0] - 1], device=center.device)
        learned, detail, targets = [], [], []
        for jitter in self._draw_jitters(len(boxes_xywh), jitters):
            cells = (center / FINE_STRIDE).floor().long() + jitter.to(center.device)
            cells = torch.minimum(cells.clamp(min=0), limit)
            learned.append(self.read_learned(features, cells))
            detail.append(self.read_detail(features, cells))
            targets.append(encode_offsets(corners, (cells + 0.5) * FINE_STRIDE))
        present = [part for part in detail if part is not None]
        return RectifierRows(
            torch.cat(learned),
            torch.cat(present) if present else None,
            torch.cat(targets) / self._branch.offset_unit_px,
        )

    def read_learned(self, features: BoxFeatures, cells: Tensor) -> Tensor:
        """Learned inputs with their gain and the constant as it is, at `(N, 2)`."""
        branch = self._branch
        inputs = branch.learned_inputs(features.regression, cells)
        if not self._has_detail(features) or self._config.learned_gain == 1:
            return inputs
        size = branch.learned_size
        gained = inputs[:, :size] * self._config.learned_gain
        return torch.cat([gained, inputs[:, size:]], 1)

    def read_detail(self, features: BoxFeatures, cells: Tensor) -> Tensor | None:
        """Raw patches of fixed features at cells `(N, 2)`; None without such."""
        if features.fixed is None or not self._has_detail(features):
            return None
        return self._branch.detail_patches(features.fixed, cells)

    def _has_detail(self, features: BoxFeatures) -> bool:
        return features.fixed is not None and self._branch.fixed_channels > 0

    def _draw_jitters(
        self, n_samples: int, generator: torch.Generator
    ) -> Iterator[Tensor]:
        """Whole steps in cells from the centre, `(n_samples, 2)` each, 0 first."""
        config, shape = self._config, (n_samples, 2)
        yield torch.zeros(shape, dtype=torch.long)
        for _ in range(config.cells_per_sample - 1):
            reach = config.cell_jitter
            yield torch.randint(-reach, reach + 1, shape, generator=generator)
