"""The best frames of the span since the last update."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fcot_engine.model.network import Features

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

    def offer(self, frame: SpanFrame) -> None:
        """Keep a frame if it is among the best."""
        best = self._for_classifier
        if best is None or frame.score >= best.score:
            self._for_classifier = frame
        kept = sorted(
            [*self._for_regressor, frame], key=lambda item: item.score, reverse=True
        )
        self._for_regressor = kept[: self._n_for_regressor]

    def take_for_classifier(self) -> SpanFrame | None:
        """Return the best frame since the last call, or None."""
        best, self._for_classifier = self._for_classifier, None
        return best

    def take_for_regressor(self) -> list[SpanFrame]:
        """Return the best frames since the last call, best first."""
        best, self._for_regressor = self._for_regressor, []
        return best
