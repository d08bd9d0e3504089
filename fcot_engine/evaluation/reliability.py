"""How well a confidence predicts that a box is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import ShapeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """Frames of about the same confidence."""

    low: float
    """Confidence from which a frame belongs to it."""
    high: float
    n_frames: int
    confidence: float | None
    """Mean over its frames; None where there are none."""
    share_right: float | None
    """Share of its frames whose box is right."""


@dataclass(frozen=True)
class Reliability:
    """Three figures and a table about one confidence on some frames."""

    n_frames: int
    share_right: float
    """Over all frames."""
    brier: float
    """Mean squared difference to 1 for a right box and 0 for a wrong one; 0 is best."""
    ece: float
    """Expected calibration error: mean over the frames of the difference between a
    bin's mean confidence and its share of right boxes."""
    auroc: float | None
    """Chance that a right box has a higher confidence than a wrong one; 0.5 is blind.
    None where all are right, or none."""
    bins: tuple[ReliabilityBin, ...]
    """Ten of equal width, ascending."""


def assess(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> Reliability:
    """Compare confidences with what was true.

    Args:
        confidence: in [0, 1], shape (n,).
        is_right: shape (n,).

    Raises:
        ShapeError: the shapes differ, or there is no frame.
    """
    if confidence.ndim != 1 or confidence.shape != is_right.shape or not len(is_right):
        raise ShapeError(
            "confidence and is_right must both have shape (n,) with n above 0, got "
            f"{confidence.shape} and {is_right.shape}."
        )
    places = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    bins = tuple(
        _describe(place / N_BINS, confidence[chosen], is_right[chosen])
        for place in range(N_BINS)
        for chosen in [places == place]
    )
    off = sum(
        bin_.n_frames * abs(bin_.confidence - bin_.share_right)
        for bin_ in bins
        if bin_.confidence is not None and bin_.share_right is not None
    )
    return Reliability(
        n_frames=len(is_right),
        share_right=float(is_right.mean()),
        brier=float(((confidence - is_right) ** 2).mean()),
        ece=off / len(is_right),
        auroc=_rank(confidence, is_right),
        bins=bins,
    )


def _describe(
    low: float, confidence: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> ReliabilityBin:
    n_frames = len(is_right)
    return ReliabilityBin(
        low=low,
        high=low + 1 / N_BINS,
        n_frames=n_frames,
        confidence=float(confidence.mean()) if n_frames else None,
        share_right=float(is_right.mean()) if n_frames else None,
    )


def _rank(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve; two that are equal count as half."""
    from scipy.stats import mannwhitneyu

    right, wrong = confidence[is_right], confidence[~is_right]
    if not len(right) or not len(wrong):
        return None
    statistic = mannwhitneyu(right, wrong, method="asymptotic").statistic
    return float(statistic) / (len(right) * len(wrong))


def draw_reliability(peak: Reliability, fitted: Reliability) -> Figure:
    """Draw how often a box of some confidence is right; save it with `savefig`.

    The diagonal is a perfect confidence. Bars at the foot show how many frames have
    the fitted confidence.

    Args:
        peak: of the fused score as it is.
        fitted: of the fitted confidence, on the same frames.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(
        xlabel="confidence", ylabel="share of boxes with IoU \u2265 0.5", aspect="equal"
    )
    counts = np.array([bin_.n_frames for bin_ in fitted.bins])
    left = [bin_.low for bin_ in fitted.bins]
    axes.bar(left, counts / counts.max() / 4, 1 / N_BINS, align="edge", color="#dbe7f3")
    axes.plot([0, 1], [0, 1], "--", color="grey")
    for name, drawn, colour in (
        ("fused score", peak, "#b0b0b0"),
        ("fitted confidence", fitted, "#1f5fa8"),
    ):
        known = [bin_ for bin_ in drawn.bins if bin_.n_frames]
        axes.plot(
            np.array([bin_.confidence for bin_ in known], dtype=float),
            np.array([bin_.share_right for bin_ in known], dtype=float),
            "o-",
            color=colour,
            label=f"{name}, ECE {drawn.ece:.3f}",
        )
    axes.legend()
    return figure
