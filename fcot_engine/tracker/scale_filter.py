"""How much a target has grown: a filter over scales that is learned online.

A box regression that is learned from one box answers a size near the last one, so that
small errors of size add up. This is a third online model beside the two classifiers: a
discriminative correlation filter over a pyramid of scales (Danelljan et al. 2014,
"Accurate scale estimation for robust visual tracking") on our fixed features. It
compares the target with what it looked like at its own size, and so knows the change of
area from frame to frame; the regression keeps centre and aspect, and pulls the area
slowly back.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from fcot_engine.config import ScaleConfig
from fcot_engine.geometry import BoxXywh
from fcot_engine.model import GradientFeatures
from fcot_engine.ops import cut_scales

_LABEL_SPREAD = 0.25  # of the wanted answer, over the root of the number of scales
_RIDGE = 0.01


class Growth(NamedTuple):
    """How much larger a target is than a box."""

    log_factor: float
    """Natural logarithm of the factor for both sides, within the range of scales."""
    trust: float
    """How far the filter is believed, 0 to 1: little where the target turns or is
    hidden, so that it looks unlike itself at any size."""


class ScaleFilter:
    """The filter over scales of one target."""

    def __init__(self, config: ScaleConfig) -> None:
        self._config = config
        self._features = GradientFeatures()
        count = config.n_scales
        steps = torch.arange(count, dtype=torch.float64) - count // 2
        self._log_factors = steps * math.log(config.step)
        label = torch.exp(-0.5 * (steps / (_LABEL_SPREAD * math.sqrt(count))) ** 2)
        self._label = torch.fft.rfft(label.float())
        self._window = torch.hann_window(count + 2, periodic=False)[1:-1]
        self._learned: _Learned | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of what was learned."""
        if self._learned is None:
            return 0
        return sum(part.nbytes for part in self._learned)

    def learn(self, image: Tensor, box_xywh: BoxXywh, *, rate: float) -> None:
        """Learn what the target looks like at its size and at others.

        Args:
            image: the frame, `(3, H, W)`, 0 to 255.
            box_xywh: the target in image pixels.
            rate: share of this frame in what is known then, 0 to 1; the first frame is
                taken whole.
        """
        spectra = self._look(image, box_xywh)
        label = self._label.to(image.device)
        new = _Learned(
            spectra.conj() * label[:, None], spectra.abs().square().sum(dim=1)
        )
        if self._learned is not None:
            pairs = zip(self._learned, new, strict=True)
            new = _Learned(*(torch.lerp(old, part, rate) for old, part in pairs))
        self._learned = new

    def measure_growth(self, image: Tensor, box_xywh: BoxXywh) -> Growth:
        """Say how much larger than a box the target at its middle is.

        Args:
            image: the frame, `(3, H, W)`, 0 to 255.
            box_xywh: a box in image pixels, its middle on the target's.

        Returns:
            None of it, with no trust, before anything was learned.
        """
        if self._learned is None:
            return Growth(0.0, 0.0)
        spectra = self._look(image, box_xywh)
        answer = (self._learned.numerator * spectra).sum(dim=1)
        answer = answer / (self._learned.energy + _RIDGE)
        scores = torch.fft.irfft(answer, n=self._config.n_scales)
        return self._read_peak(scores.tolist())

    def _look(self, image: Tensor, box_xywh: BoxXywh) -> Tensor:
        """Spectra of the features along the scales, `(n_scales // 2 + 1, D)`."""
        config = self._config
        pieces = cut_scales(
            image, box_xywh, self._log_factors.exp(), size_px=config.piece_px
        )
        features = self._features.to(image.device).measure(pieces / 255)
        n_colours = GradientFeatures.GROUPS[-1]
        features[:, -n_colours:] *= config.colour_gain
        rows = features.flatten(1)
        rows = (rows - rows.mean(dim=0)) * self._window.to(image.device)[:, None]
        spectra: Tensor = torch.fft.rfft(rows, dim=0)
        return spectra

    def _read_peak(self, scores: list[float]) -> Growth:
        """The highest place, by a parabola through it and its neighbours."""
        best = max(range(len(scores)), key=scores.__getitem__)
        offset = 0.0
        if 0 < best < len(scores) - 1:
            before, peak, after = scores[best - 1 : best + 2]
            bend = before - 2 * peak + after
            if bend < 0:
                offset = min(max(0.5 * (before - after) / bend, -0.5), 0.5)
        step = math.log(self._config.step)
        return Growth(
            float(self._log_factors[best]) + offset * step,
            min(max(scores[best] / self._config.full_peak, 0.0), 1.0),
        )


class _Learned(NamedTuple):
    """The filter: numerators over their common energy, both as spectra."""

    numerator: Tensor
    """`(n_scales // 2 + 1, D)`, complex."""
    energy: Tensor
    """`(n_scales // 2 + 1,)`."""
