"""The figures of an evaluation, as an object, as JSON and as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

COLUMNS = {
    "auc": ("AUC", 3),
    "p20": ("P20", 3),
    "sr50": ("SR50", 3),
    "frames_per_second": ("frames/s", 1),
}
"""Title and decimals of each figure."""
EFFORT_DIGITS = 2


@dataclass(frozen=True)
class SequenceScore:
    """Figures of one sequence, or the means over all; see `evaluation.metrics`."""

    name: str
    n_frames: int
    auc: float | None = None
    """This and the following three are None where nothing was tracked."""
    p20: float | None = None
    sr50: float | None = None
    frames_per_second: float | None = None
    effort: Mapping[str, float] = field(default_factory=dict)
    """Boxes an annotator draws per 100 frames, by the IoU asked for, such as "0.5";
    empty if not measured."""


@dataclass(frozen=True)
class EvaluationReport:
    """One score a sequence, in the order they were run; at least one."""

    scores: tuple[SequenceScore, ...]
    effort_mode: str | None = None
    """What a redrawn box did, see `evaluation.effort`; None if not measured."""

    @property
    def mean(self) -> SequenceScore:
        """Plain means over the sequences, whatever their length."""
        return SequenceScore(
            name="mean",
            n_frames=sum(score.n_frames for score in self.scores),
            auc=_mean([score.auc for score in self.scores]),
            p20=_mean([score.p20 for score in self.scores]),
            sr50=_mean([score.sr50 for score in self.scores]),
            frames_per_second=_mean([s.frames_per_second for s in self.scores]),
            effort={
                min_iou: mean
                for min_iou in self._min_ious()
                if (mean := _mean([s.effort.get(min_iou) for s in self.scores]))
                is not None
            },
        )

    def to_json(self) -> str:
        """Write the sequences and their mean; `from_json` reads it."""
        facts = {
            "effort_mode": self.effort_mode,
            "sequences": [asdict(score) for score in self.scores],
            "mean": asdict(self.mean),
        }
        return json.dumps(facts, indent=1)

    @classmethod
    def from_json(cls, text: str) -> EvaluationReport:
        """Read what `to_json` wrote."""
        facts = json.loads(text)
        scores = tuple(SequenceScore(**row) for row in facts["sequences"])
        return cls(scores, facts["effort_mode"])

    def to_table(self) -> str:
        """Write a plain table: a header, a line a sequence, the mean."""
        mean = self.mean
        shown = [name for name in COLUMNS if getattr(mean, name) is not None]
        min_ious = self._min_ious()
        header = ["sequence", "frames", *(COLUMNS[name][0] for name in shown)]
        header += [f"effort@{min_iou}" for min_iou in min_ious]
        rows = [_cells(score, shown, min_ious) for score in (*self.scores, mean)]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [_line(row, widths) for row in (header, *rows)]
        rule = "-" * len(lines[0])
        table = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
        if self.effort_mode is not None:
            table.append(f"effort: boxes drawn per 100 frames, mode {self.effort_mode}")
        return "\n".join(table)

    def _min_ious(self) -> list[str]:
        """IoUs that effort was measured for, ascending."""
        return sorted({name for score in self.scores for name in score.effort})


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _cells(score: SequenceScore, shown: list[str], min_ious: list[str]) -> list[str]:
    figures = [_number(getattr(score, name), COLUMNS[name][1]) for name in shown]
    efforts = [_number(score.effort.get(name), EFFORT_DIGITS) for name in min_ious]
    return [score.name, str(score.n_frames), *figures, *efforts]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _line(cells: list[str], widths: list[int]) -> str:
    name, *numbers = cells
    padded = [c.rjust(w) for c, w in zip(numbers, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded])
