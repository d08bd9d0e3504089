"""The figures of an evaluation, as an object, as JSON and as a table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

__all__ = ["EvaluationReport", "SequenceScore"]

COLUMNS = ("auc", "p20", "sr50", "frames_per_second", "effort_50", "effort_70")
TITLES = ("AUC", "P20", "SR50", "frames/s", "effort@0.5", "effort@0.7")
DIGITS = (3, 3, 3, 1, 2, 2)


@dataclass(frozen=True)
class SequenceScore:
    """Figures of one sequence, or the means over all; see `evaluation.metrics`."""

    name: str
    n_frames: int
    auc: float
    p20: float
    sr50: float
    frames_per_second: float
    effort_50: float | None = None
    """Boxes an annotator draws per 100 frames for IoU 0.5; None if not measured."""
    effort_70: float | None = None
    """The same for IoU 0.7."""


@dataclass(frozen=True)
class EvaluationReport:
    """One score a sequence, in the order they were run; at least one."""

    scores: tuple[SequenceScore, ...]

    @property
    def mean(self) -> SequenceScore:
        """Plain means over the sequences, whatever their length."""
        values = {column: self._mean_of(column) for column in COLUMNS}
        return SequenceScore(
            name="mean",
            n_frames=sum(score.n_frames for score in self.scores),
            auc=values["auc"] or 0.0,
            p20=values["p20"] or 0.0,
            sr50=values["sr50"] or 0.0,
            frames_per_second=values["frames_per_second"] or 0.0,
            effort_50=values["effort_50"],
            effort_70=values["effort_70"],
        )

    def to_json(self) -> str:
        """Write the sequences and their mean; `from_json` reads it."""
        facts = {
            "sequences": [asdict(score) for score in self.scores],
            "mean": asdict(self.mean),
        }
        return json.dumps(facts, indent=1)

    @classmethod
    def from_json(cls, text: str) -> EvaluationReport:
        """Read what `to_json` wrote."""
        rows = json.loads(text)["sequences"]
        return cls(tuple(SequenceScore(**row) for row in rows))

    def to_table(self) -> str:
        """Write a plain table: a header, a line a sequence, the mean."""
        shown = [i for i, c in enumerate(COLUMNS) if self._mean_of(c) is not None]
        header = ["sequence", "frames", *(TITLES[i] for i in shown)]
        rows = [_cells(score, shown) for score in (*self.scores, self.mean)]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [_line(row, widths) for row in (header, *rows)]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def _mean_of(self, column: str) -> float | None:
        values = [getattr(score, column) for score in self.scores]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None


def _cells(score: SequenceScore, shown: list[int]) -> list[str]:
    values = [getattr(score, COLUMNS[i]) for i in shown]
    numbers = [
        "-" if value is None else f"{value:.{DIGITS[i]}f}"
        for i, value in zip(shown, values, strict=True)
    ]
    return [score.name, str(score.n_frames), *numbers]


def _line(cells: list[str], widths: list[int]) -> str:
    name, *numbers = cells
    padded = [c.rjust(w) for c, w in zip(numbers, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded])
