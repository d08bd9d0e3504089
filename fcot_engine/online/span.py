"""The best frames of the span since the last update."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fcot_engine.model import Features

__all__ = ["BestFrames", "SpanFrame"]


@dataclass(frozen=True, eq=False)
class SpanFrame:
    """One tracked frame that may be learned from."""

    score: float
    """Fused score of the target."""
    features: Features
    """Features of its patch."""
    box_xywh: Tensor
    """Found box in patch pixels, `(4,)`."""

    def as_float(self) -> SpanFrame:
        """Return the frame with maps in single precision."""
        maps = (None if m is None else m.float() for m in self.features)
        return replace(self, features=Features(*maps))  # type: ignore[arg-type]


class BestFrames:
    """Keeps the best-scored frames, for the classifiers and for the regressor.

    The classifiers take the single best frame of their span, the regression model
    generator the best few of its own, longer one.
    """

    def __init__(self, n_for_regressor: int) -> None:
        self._n_for_regressor = n_for_regressor
        self._for_classifier: SpanFrame | None = None
        self._for_regressor: list[SpanFrame] = []

    def clear(self) -> None:
        """Forget all frames."""
        self._for_classifier = None
        self._for_regressor = []

    @property
    def nbytes(self) -> int:
        """Bytes of the feature maps that are kept."""
        kept = {id(frame): frame for frame in self._kept()}
        maps = [m for frame in kept.values() for m in frame.features if m is not None]
        return sum(map_.nbytes for map_ in maps)

    def offer(self, score: float, features: Features, box_xywh: Tensor) -> None:
        """Keep a frame if it is among the best, in half precision.

        Args:
            score: fused score of the target.
            features: of its patch, maps `(1, C, h, w)`.
            box_xywh: found box in patch pixels, `(4,)`.
        """
        best, ranked = self._for_classifier, self._for_regressor
        is_best = best is None or score >= best.score
        is_ranked = len(ranked) < self._n_for_regressor or score > ranked[-1].score
        if not (is_best or is_ranked):
            return
        halves = (None if m is None else m.to(torch.half, copy=True) for m in features)
        frame = SpanFrame(score, Features(*halves), box_xywh)  # type: ignore[arg-type]
        if is_best:
            self._for_classifier = frame
        if is_ranked:
            ranked.append(frame)
            ranked.sort(key=lambda item: item.score, reverse=True)
            del ranked[self._n_for_regressor :]

    def take_for_classifier(self) -> SpanFrame | None:
        """Return the best frame since the last call, or None."""
        best, self._for_classifier = self._for_classifier, None
        return None if best is None else best.as_float()

    def take_for_regressor(self) -> list[SpanFrame]:
        """Return the best frames since the last call, best first."""
        best, self._for_regressor = self._for_regressor, []
        return [frame.as_float() for frame in best]

    def _kept(self) -> list[SpanFrame]:
        best = self._for_classifier
        return self._for_regressor + ([] if best is None else [best])
