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

from fcot_engine.config.calibration import CalibrationConfig
from fcot_engine.errors import ShapeError
from fcot_engine.evaluation.frame_records import FrameRecord
from fcot_engine.evaluation.reliability import Reliability, assess
from fcot_engine.online.calibration import Evidence, estimate_confidence
from fcot_engine.online.verdict import Verdict

__all__ = ["RIGHT_IOU", "CalibrationReport", "calibrate", "fit_curve"]

RIGHT_IOU = 0.5
SIGNS = np.array([1.0, -1.0, -1.0, -1.0])
"""Which way each of `Evidence.as_numbers` may move the confidence."""
RIDGE = 1.0
"""Pull of the weights towards 0, in frames; weights are those of inputs of spread 1."""
STEPS = 50
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

    An observation that would move the confidence the wrong way is left out.

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
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0)
    used = spread > 0
    spread = np.where(used, spread, 1.0)
    inputs = (numbers - mean) / spread
    while True:
        solved = _solve(inputs[:, used], is_right)
        weights = np.zeros(len(SIGNS))
        weights[used] = solved[1:]
        wrong = weights * SIGNS < 0
        if not wrong.any():
            break
        worst = np.argmin(np.where(wrong, weights * SIGNS, 0.0))
        used[worst] = False
    weights = weights / spread
    bias = float(solved[0] - weights @ mean)
    peak, second_ratio, size_change, is_lost = (float(w) + 0.0 for w in weights)
    return CalibrationConfig(
        is_fitted=True,
        bias=round(bias, DIGITS),
        peak=round(peak, DIGITS),
        second_ratio=round(second_ratio, DIGITS),
        size_change=round(size_change, DIGITS),
        is_lost=round(is_lost, DIGITS),
    )


def _solve(
    inputs: NDArray[np.float64], is_right: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Bias and weights of a logistic curve with a ridge, by damped Newton steps."""
    rows = np.column_stack([np.ones(len(inputs)), inputs])
    ridge = np.diag([0.0] + [RIDGE] * inputs.shape[1])
    solved = np.zeros(rows.shape[1])
    loss = np.inf
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-rows @ solved))
        slope = rows.T @ (chance - is_right) + ridge @ solved
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(len(bend)), slope)
        length = 1.0
        while (new := _loss(rows, is_right, solved - length * step)) > loss:
            length /= 2
            if length < 1e-6:
                return solved
        solved = solved - length * step
        if loss - new < 1e-10:
            break
        loss = new
    return solved


def _loss(
    rows: NDArray[np.float64],
    is_right: NDArray[np.bool_],
    solved: NDArray[np.float64],
) -> float:
    """Cross-entropy, summed over the frames, with the ridge."""
    logits = rows @ solved
    signed = np.where(is_right, -logits, logits)
    entropy = np.logaddexp(0.0, signed).sum()
    return float(entropy + RIDGE / 2 * (solved[1:] ** 2).sum())


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
