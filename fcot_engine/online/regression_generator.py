"""The regression model generator (RMG) of one target (sections III-B and III-C).

static model   generator on the given samples, then rectifier over them
online model   generator on the best tracked samples of a span, then rectifier over the
               *given* samples, so that errors of the tracked ones do not add up
current model  lambda * online + (1 - lambda) * static, on the filters (Eq. 11)

A human box brings given samples of its own and makes the static model anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fcot_engine.config.network import FINE_STRIDE
from fcot_engine.config.tracking import RegressionUpdateConfig
from fcot_engine.geometry.boxes import xywh_to_xyxy
from fcot_engine.model.network import FcotNet, Features
from fcot_engine.model.rectifier import rectify
from fcot_engine.model.regression import DetailWindow
from fcot_engine.ops.box_offsets import decode_offsets, encode_offsets

__all__ = ["RegressionModelGenerator"]


@dataclass(frozen=True, eq=False)
class _GivenInputs:
    """The rectifier's rows: what Eq. 4 looks at around each given target's centre."""

    learned: Tensor
    """Learned inputs and the constant, `(N, learned_size + 1)`."""
    detail: Tensor | None
    """Raw patches of fixed features, `(N, channels * side * side)`, or None."""
    targets: Tensor
    """Offsets in units of the filters, `(N, 4)`."""


class RegressionModelGenerator:
    """Makes the regression model of one target and reads boxes with it."""

    def __init__(self, network: FcotNet, config: RegressionUpdateConfig) -> None:
        self._branch = network.regression
        self._config = config
        self._given: list[_GivenInputs] = []
        self._generated_given: list[Tensor] = []
        self._window: DetailWindow | None = None
        self._static: Tensor | None = None
        self._online: Tensor | None = None

    @property
    def n_given(self) -> int:
        """Human boxes learned from."""
        return len(self._given)

    def learn_given(self, features: Features, boxes_xywh: Tensor) -> None:
        """Take in the samples of a human box and run the rectifier again.

        Args:
            features: of N augmented patches, the first one unchanged.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        self._given.append(self._read_given(features, boxes_xywh))
        generated = self._branch.generate(features.decoder[:1], boxes_xywh[:1])
        self._generated_given.append(generated)
        details = [part.detail for part in self._given if part.detail is not None]
        if details:
            self._window = self._branch.detail_window(
                boxes_xywh[0, 2:], torch.cat(details)
            )
        start = torch.stack(self._generated_given).mean(0)
        self._static = self._rectify(start, self._config.first_iterations)
        self._online = None

    def learn_tracked(self, decoder_maps: Tensor, boxes_xywh: Tensor) -> None:
        """Make the online model from the best tracked samples of a span.

        Args:
            decoder_maps: `(N, C4, H, W)`.
            boxes_xywh: `(N, 4)` in patch pixels.
        """
        if self._config.blend == 0:
            return
        generated = self._branch.generate(decoder_maps, boxes_xywh)
        self._online = self._rectify(generated, self._config.online_iterations)

    def current_model(self) -> Tensor:
        """Eq. 11, `(4, D)`."""
        assert self._static is not None
        if self._online is None:
            return self._static
        blend = self._config.blend
        return blend * self._online + (1 - blend) * self._static

    def find_box(self, features: Features, cell: Tensor) -> Tensor:
        """Read the box at one cell.

        Args:
            features: of one patch.
            cell: column and row, whole numbers, `(2,)`.

        Returns:
            Corners in patch pixels, `(4,)`.
        """
        inputs = self._join(
            self._read_learned(features, cell[None]),
            self._read_detail(features, cell[None]),
        )
        offsets = (inputs @ self.current_model().T)[0]
        return decode_offsets(
            (cell + 0.5) * FINE_STRIDE, offsets * self._branch.config.offset_unit_px
        )

    def _read_given(self, features: Features, boxes_xywh: Tensor) -> _GivenInputs:
        """Rows at the centre's cell of each sample, then at cells beside it."""
        corners = xywh_to_xyxy(boxes_xywh)
        center = (corners[:, :2] + corners[:, 2:]) / 2
        size = features.regression.shape[-2:]
        limit = torch.tensor([size[1] - 1, size[0] - 1], device=center.device)
        learned, detail, targets = [], [], []
        for jitter in self._jitters(len(boxes_xywh)):
            cells = (center / FINE_STRIDE).floor().long() + jitter.to(center.device)
            cells = torch.minimum(cells.clamp(min=0), limit)
            learned.append(self._read_learned(features, cells))
            detail.append(self._read_detail(features, cells))
            targets.append(encode_offsets(corners, (cells + 0.5) * FINE_STRIDE))
        present = [part for part in detail if part is not None]
        return _GivenInputs(
            torch.cat(learned),
            torch.cat(present) if present else None,
            torch.cat(targets) / self._branch.config.offset_unit_px,
        )

    def _jitters(self, n_samples: int) -> list[Tensor]:
        """Whole steps in cells from the centre, `(n_samples, 2)` each, 0 first."""
        config, fixed = self._config, torch.Generator().manual_seed(0)
        shape, reach = (n_samples, 2), config.cell_jitter
        return [torch.zeros(shape, dtype=torch.long)] + [
            torch.randint(-reach, reach + 1, shape, generator=fixed)
            for _ in range(config.cells_per_sample - 1)
        ]

    def _read_learned(self, features: Features, cells: Tensor) -> Tensor:
        """Learned inputs with their gain, and the constant as it is."""
        inputs = self._branch.learned_inputs(features.regression, cells)
        if features.fixed is None or not self._branch.fixed_channels:
            return inputs
        return torch.cat(
            [inputs[:, :-1] * self._config.learned_gain, inputs[:, -1:]], 1
        )

    def _read_detail(self, features: Features, cells: Tensor) -> Tensor | None:
        if features.fixed is None or not self._branch.fixed_channels:
            return None
        return self._branch.detail_patches(features.fixed, cells)

    def _join(self, learned: Tensor, detail: Tensor | None) -> Tensor:
        if detail is None:
            return learned
        assert self._window is not None
        return torch.cat([learned, self._window.normalise(detail)], -1)

    def _rectify(self, model: Tensor, iterations: int) -> Tensor:
        inputs = torch.cat([self._join(p.learned, p.detail) for p in self._given])
        targets = torch.cat([part.targets for part in self._given])
        weights = inputs.new_full((len(inputs),), 1 / len(inputs))
        return rectify(
            model,
            inputs,
            targets,
            weights,
            eta=self._branch.eta,
            iterations=iterations,
        )
