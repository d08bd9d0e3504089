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
from collections.abc import Iterable

import torch
from torch import Tensor

from fcot_engine.config import FINE_STRIDE, RegressionUpdateConfig
from fcot_engine.model import BoxFeatures, DetailWindow, FcotNet, rectify
from fcot_engine.online.given_thinning import share_out
from fcot_engine.online.rectifier_rows import RectifierRows, RowReader
from fcot_engine.ops import decode_offsets

__all__ = ["RegressionModelGenerator"]


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
        static = self._generated
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
        parts = [*self._given, *tracked]
        return rectify(
            model,
            torch.cat([self._join(rows.learned, rows.detail) for rows in parts]),
            torch.cat([rows.targets for rows in parts]),
            self._weigh(tracked),
            eta=self._branch.eta,
            iterations=iterations,
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
