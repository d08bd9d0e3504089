"""The regression model generator (RMG) of one target (sections III-B and III-C).

static model   generator on the given samples, then rectifier over them
online model   generator on the best tracked samples of a span, then rectifier over the
               *given* samples, so that errors of the tracked ones do not add up
current model  lambda * online + (1 - lambda) * static, on the filters (Eq. 11)

A human box brings given samples of its own and makes the static model anew.
`static_model` and `online_update` of the settings switch parts of this off, or put the
update of DiMP in its place, for the paper's Tables II and III.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE, RegressionUpdateConfig
from fcot_engine.geometry import xywh_to_xyxy
from fcot_engine.model import (
    BoxFeatures,
    CellSpan,
    DetailWindow,
    FcotNet,
    Rectifier,
    RegressionBranch,
)
from fcot_engine.ops import decode_offsets, encode_offsets
from fcot_engine.tracker.samples import pick_evenly, share_out


class RegressionModelGenerator:
    """Makes the regression model of one target and reads boxes with it."""

    def __init__(self, network: FcotNet, config: RegressionUpdateConfig) -> None:
        self._branch = network.regression
        self._config = config
        self._reader = RowReader(self._branch, config)
        self._given: list[RectifierRows] = []
        self._n_given = 0
        self._generated: Tensor | None = None
        self._tracked: deque[RectifierRows] = deque(maxlen=config.trad_memory)
        self._window: DetailWindow | None = None
        self._problem: Rectifier | None = None  # of the given samples alone
        self._static: Tensor | None = None
        self._online: Tensor | None = None

    @property
    def n_given(self) -> int:
        """Human boxes learned from."""
        return self._n_given

    @property
    def n_tracked(self) -> int:
        """Tracked samples kept, by the traditional update alone."""
        return len(self._tracked)

    def span_around(self, column: int, row: int, *, spread: int = 0) -> CellSpan | None:
        """What is read of a regression map, of rows and boxes around a cell.

        None for the traditional update, which also reads around the box that was found.

        Args:
            column: of the cell in the middle.
            row: the same.
            spread: how many cells beside it the target's centre may be.
        """
        if self._config.online_update == "trad":
            return None
        jitter = self._config.cell_jitter if spread else 0
        reach = self._branch.filter_side // 2 + jitter + spread
        return CellSpan.around(column, row, reach=reach)

    def learn_given(self, features: BoxFeatures, boxes_xywh: Tensor) -> None:
        """Take in the samples of a human box and make the static model anew.

        Args:
            features: of N augmented patches, the first one unchanged.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        self.learn_given_parts([(features, boxes_xywh)])

    def learn_given_parts(self, parts: Iterable[tuple[BoxFeatures, Tensor]]) -> None:
        """Do the same with samples that come in several batches, one at a time.

        Only a few rows of each map are kept.
        """
        parts = iter(parts)
        features, boxes = next(parts)
        self._add_generated(self._branch.generate(features.first(), boxes[:1]))
        self._keep_given(
            self._reader.read_parts(itertools.chain([(features, boxes)], parts))
        )
        details = [rows.detail for rows in self._given if rows.detail is not None]
        if details:
            self._window = self._branch.detail_window(boxes[0, 2:], torch.cat(details))
        assert self._generated is not None
        static, self._problem = self._generated, None
        if self._config.static_model == "rectified":
            static = self._rectify(static, self._config.first_iterations)
        self._static, self._online = static, None
        self._tracked.clear()

    def learn_tracked(self, features: BoxFeatures, boxes_xywh: Tensor) -> None:
        """Make the online model from the best tracked samples of a span.

        Args:
            features: of N patches.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        config = self._config
        if config.online_update == "off" or config.blend == 0:
            return
        if config.online_update == "rmg":
            generated = self._branch.generate(features, boxes_xywh)
            self._online = self._rectify(generated, config.online_iterations)
            return
        rows = self._reader.read(features, boxes_xywh)
        self._tracked.extend(rows.split(len(boxes_xywh)))
        last = self._static if self._online is None else self._online
        assert last is not None
        self._online = self._rectify(
            last, config.online_iterations, tracked=self._tracked
        )

    def current_model(self) -> Tensor:
        """Eq. 11, `(4, D)`."""
        assert self._static is not None
        if self._online is None:
            return self._static
        blend = self._config.blend
        return blend * self._online + (1 - blend) * self._static

    def find_box(self, features: BoxFeatures, cell: Tensor) -> Tensor:
        """Read the box at one cell.

        Args:
            features: of one patch.
            cell: column and row, whole numbers, `(2,)`.

        Returns:
            Corners in patch pixels, `(4,)`.
        """
        inputs = self._join(
            self._reader.read_learned(features, cell[None]),
            self._reader.read_detail(features, cell[None]),
        )
        offsets = (inputs @ self.current_model().T)[0]
        if self._branch.is_positive:
            offsets = offsets.relu()
        return decode_offsets(
            (cell + 0.5) * FINE_STRIDE, offsets * self._branch.offset_unit_px
        )

    def _keep_given(self, rows: RectifierRows) -> None:
        """Keep the rows of a human box, and thin out what is too much."""
        cells = self._config.cells_per_sample
        given = [*self._given, rows]
        sizes = [len(part.targets) // cells for part in given]
        shares = share_out(sizes, self._config.given_capacity)
        self._given = [
            part.thin(kept, cells_per_sample=cells)
            for part, kept in zip(given, shares, strict=True)
            if kept
        ]

    def _add_generated(self, model: Tensor) -> None:
        """Take a human box's model into the mean over all of them."""
        self._n_given += 1
        mean = model if self._generated is None else self._generated
        self._generated = mean + (model - mean) / self._n_given

    def _join(self, learned: Tensor, detail: Tensor | None) -> Tensor:
        if detail is None:
            return learned
        assert self._window is not None
        return torch.cat([learned, self._window.normalise(detail)], -1)

    def _rectify(
        self, model: Tensor, iterations: int, *, tracked: Iterable[RectifierRows] = ()
    ) -> Tensor:
        """Run the rectifier over the given samples, and over tracked ones if any."""
        tracked = list(tracked)
        if tracked:
            problem = self._state_problem(tracked)
        else:
            self._problem = problem = self._problem or self._state_problem([])
        return problem.improve(model, iterations=iterations)

    def _state_problem(self, tracked: list[RectifierRows]) -> Rectifier:
        parts = [*self._given, *tracked]
        return Rectifier(
            torch.cat([self._join(rows.learned, rows.detail) for rows in parts]),
            torch.cat([rows.targets for rows in parts]),
            self._weigh(tracked),
            eta=self._branch.eta,
        )

    def _weigh(self, tracked: list[RectifierRows]) -> Tensor:
        """Weights that sum to 1: each human box the same, whatever its samples."""
        config, cells = self._config, self._config.cells_per_sample
        weights = []
        for rows in self._given:
            part = torch.ones_like(rows.targets[:, 0])
            part[:: len(part) // cells] = config.unchanged_weight
            weights.append(part / part.sum())
        for rows in tracked:
            part = torch.ones_like(rows.targets[:, 0])
            weights.append(part * (config.trad_sample_weight / len(part)))
        joined = torch.cat(weights)
        return joined / joined.sum()


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
