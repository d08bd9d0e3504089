"""Fitting the confidence to frames whose truth is known.

A logistic curve (Platt's scaling, with three observations beside the score) is fitted
to every second sequence by name and judged on the others, which it has never seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from fcot_engine.config import CalibrationConfig
from fcot_engine.errors import ShapeError
from fcot_engine.evaluation._logistic_fit import choose_ridge, fit_logistic
from fcot_engine.evaluation.frame_records import FrameRecord
from fcot_engine.evaluation.reliability import Reliability, assess
from fcot_engine.tracker import Evidence, Verdict, estimate_confidence

RIGHT_IOU = 0.5
SIGNS = np.array([1.0, -1.0, -1.0, -1.0])
"""Which way each of `Evidence.as_numbers` may move the confidence."""
DIGITS = 4


@dataclass(frozen=True)
class CalibrationReport:
    """A fitted curve, and what it is worth on sequences that it was not fitted to."""

    config: CalibrationConfig
    fitted_on: tuple[str, ...]
    """Names of sequences."""
    held_out: tuple[str, ...]
    """Names of those that the two following are about."""
    peak: Reliability
    """Of the fused score as it is."""
    fitted: Reliability
    """Of the fitted confidence."""

    @property
    def settings(self) -> dict[str, float | bool]:
        """The curve as settings by name, for `--set` and `Tracker.from_preset`."""
        return {f"calibration.{n}": v for n, v in asdict(self.config).items()}

    def to_json(self) -> str:
        """Write everything as plain data."""
        return json.dumps(asdict(self) | {"settings": self.settings}, indent=1)

    def to_text(self) -> str:
        """Write the figures, the table of bins and the settings."""
        held_out = (
            f"Held out {len(self.held_out)} sequences, {self.fitted.n_frames} frames, "
            f"{self.fitted.share_right:.3f} of them right (IoU >= {RIGHT_IOU}): "
            f"{', '.join(self.held_out)}"
        )
        told = [
            f"Fitted on {len(self.fitted_on)} sequences: {', '.join(self.fitted_on)}",
            held_out,
            "",
            "On the held-out ones       Brier    ECE  AUROC",
            f"fused score as it is       {_figures(self.peak)}",
            f"fitted confidence          {_figures(self.fitted)}",
            "",
            "confidence    frames  mean confidence  share right",
        ]
        told += [
            f"{bin_.low:.1f} to {bin_.high:.1f}  {bin_.n_frames:8d}"
            f"{_number(bin_.confidence):>17}{_number(bin_.share_right):>13}"
            for bin_ in self.fitted.bins
        ]
        changes = " ".join(f"--set {n}={v}" for n, v in self.settings.items())
        return "\n".join([*told, "", "Use it with:", changes.lower()])


def calibrate(records: Sequence[FrameRecord]) -> CalibrationReport:
    """Fit a curve to every second sequence by name, and judge it on the others.

    Frames in which the target is absent do not count: no box is right there, and a
    tracker that says so is not wrong.

    Raises:
        ShapeError: there are fewer than two sequences, or those to fit to have not both
            right and wrong boxes.
    """
    known = [record for record in records if np.isfinite(record.iou)]
    names = sorted({record.sequence for record in known})
    if len(names) < 2:
        raise ShapeError(
            f"A fit needs records of at least 2 sequences, got {len(names)}."
        )
    fitted_on, held_out = tuple(names[::2]), tuple(names[1::2])
    config = fit_curve([record for record in known if record.sequence in fitted_on])
    rest = [record for record in known if record.sequence in held_out]
    is_right = _find_right(rest)
    evidence = [_to_evidence(record) for record in rest]
    return CalibrationReport(
        config=config,
        fitted_on=fitted_on,
        held_out=held_out,
        peak=assess(_estimate(evidence, CalibrationConfig()), is_right),
        fitted=assess(_estimate(evidence, config), is_right),
    )


def fit_curve(records: Sequence[FrameRecord]) -> CalibrationConfig:
    """Fit the logistic curve; each frame counts the same.

    An observation that would move the confidence the wrong way is left out. How
    strongly the curve is held back from extremes is chosen by leaving out one sequence
    at a time.

    Args:
        records: with a true box each.

    Raises:
        ShapeError: there are not both right and wrong boxes.
    """
    is_right = _find_right(records)
    if is_right.all() or not is_right.any():
        raise ShapeError(
            "A fit needs frames whose box is right and others whose box is wrong, got "
            f"{int(is_right.sum())} right ones of {len(is_right)}. Measure more or "
            "longer sequences."
        )
    numbers = np.array([_to_evidence(record).as_numbers() for record in records])
    groups = [record.sequence for record in records]
    ridge = choose_ridge(numbers, is_right, groups, signs=SIGNS)
    curve = fit_logistic(numbers, is_right, signs=SIGNS, ridge=ridge)
    peak, second_ratio, size_change, is_lost = (
        round(float(weight), DIGITS) + 0.0  # no -0.0
        for weight in curve.weights
    )
    return CalibrationConfig(
        is_fitted=True,
        bias=round(curve.bias, DIGITS),
        peak=peak,
        second_ratio=second_ratio,
        size_change=size_change,
        is_lost=is_lost,
    )


def _find_right(records: Sequence[FrameRecord]) -> NDArray[np.bool_]:
    return np.array([record.iou >= RIGHT_IOU for record in records], dtype=bool)


def _to_evidence(record: FrameRecord) -> Evidence:
    return Evidence(
        peak=record.peak,
        second_ratio=record.second_ratio,
        size_change=record.size_change,
        is_lost=record.verdict == Verdict.LOST.value,
    )


def _estimate(
    evidence: Sequence[Evidence], config: CalibrationConfig
) -> NDArray[np.float64]:
    return np.array([estimate_confidence(each, config) for each in evidence])


def _figures(found: Reliability) -> str:
    return f"{found.brier:.3f}  {found.ece:.3f}  {_number(found.auroc)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
