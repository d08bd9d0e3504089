"""Boxes that the scripted annotator drew, as an object and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from fcot_engine.evaluation.work_list_check import WorkListFigures

__all__ = [
    "COMPARED_WITH",
    "CRITERIA",
    "AnnotatedSequence",
    "AnnotationReport",
    "ModeOutcome",
]

GOOD_MEAN_IOU = 0.7
FAIR_IOU = 0.5
GOOD_IOU = 0.7
FAIR_SHARE = 0.95
TINY = 1e-9
"""Keeps a mean of equal IoUs from being a little less than they are."""


def _is_good_on_average(ious: NDArray[np.float64]) -> bool:
    fair = float((ious >= FAIR_IOU).mean())
    return float(ious.mean()) >= GOOD_MEAN_IOU - TINY and fair >= FAIR_SHARE


CRITERIA: Mapping[str, Callable[[NDArray[np.float64]], bool]] = {
    "A": _is_good_on_average,
    "B": lambda ious: bool((ious >= FAIR_IOU).all()),
    "C": lambda ious: bool((ious >= GOOD_IOU).all()),
}
"""When a sequence is good enough, from the IoUs of the frames with truth, (n,)."""

COMPARED_WITH = {
    "worklist": ("restart", "linear"),
    "in-order": ("restart-in-order", "restart", "linear"),
    "worst": ("restart-worst", "linear"),
}
"""References of the modes that teach."""


@dataclass(frozen=True)
class ModeOutcome:
    """What one mode of the annotator needed for one sequence."""

    mode: str
    boxes: Mapping[str, int]
    """Boxes drawn when a criterion was first met, by its name; it is missing if the
    annotator gave up before."""
    looks: Mapping[str, int]
    """Frames looked at until then, drawn ones included. In other modes than those of
    the work list the annotator finds the frame at once, which nobody can."""
    n_boxes: int
    """Drawn in all."""
    n_looks: int
    """Looked at in all."""
    n_unlisted: int
    """Boxes drawn in frames that the work list did not offer."""
    seconds: float
    work_list: WorkListFigures | None = None
    """How good the work list was after the first propagation; None without one."""


@dataclass(frozen=True)
class AnnotatedSequence:
    """One sequence, annotated in one or more modes."""

    name: str
    n_frames: int
    outcomes: tuple[ModeOutcome, ...]

    def find(self, mode: str) -> ModeOutcome | None:
        """Return the outcome of a mode."""
        return next((o for o in self.outcomes if o.mode == mode), None)

    @property
    def work_list(self) -> WorkListFigures | None:
        """The figures after the first propagation, which is the same in all modes."""
        figures = (outcome.work_list for outcome in self.outcomes)
        return next((found for found in figures if found is not None), None)


@dataclass(frozen=True)
class AnnotationReport:
    """One entry a sequence, in the order they were run; at least one."""

    sequences: tuple[AnnotatedSequence, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    """What was run: preset, weights and the like."""

    @property
    def modes(self) -> list[str]:
        """Names of the modes, in the order they were run."""
        names = [o.mode for sequence in self.sequences for o in sequence.outcomes]
        return list(dict.fromkeys(names))

    def mean_boxes(self, mode: str, criterion: str) -> float | None:
        """Boxes per 100 frames until a criterion is met: plain mean over sequences.

        Where the annotator gave up, the boxes drawn until then count: too few.
        """
        return _mean(
            100 * outcome.boxes.get(criterion, outcome.n_boxes) / sequence.n_frames
            for sequence, outcome in self.of(mode)
        )

    def mean_looks(self, mode: str, criterion: str) -> float | None:
        """Frames looked at per 100 frames until a criterion is met, as a mean."""
        return _mean(
            100 * outcome.looks.get(criterion, outcome.n_looks) / sequence.n_frames
            for sequence, outcome in self.of(mode)
        )

    def given_up(self, mode: str, criterion: str) -> int:
        """Sequences in which the annotator gave up before a criterion was met."""
        return sum(criterion not in outcome.boxes for _, outcome in self.of(mode))

    def saving(self, mode: str, reference: str, criterion: str) -> float | None:
        """Share of boxes that a mode saves against another one, of the means."""
        ours = self.mean_boxes(mode, criterion)
        theirs = self.mean_boxes(reference, criterion)
        return None if ours is None or not theirs else 1 - ours / theirs

    def mean_work_list(self) -> dict[str, float | None]:
        """Means of the figures of the work list, over the sequences that have them.

        The shares are means over sequences in which something is below IoU 0.5; `n_bad`
        counts those.
        """
        known = [s.work_list for s in self.sequences if s.work_list is not None]
        with_bad = [figures for figures in known if figures.random_bad]
        means: dict[str, float | None] = {"n_bad": len(with_bad)}
        for entry in fields(WorkListFigures):
            chosen = with_bad if entry.name.endswith("_bad") else known
            values = (getattr(figures, entry.name) for figures in chosen)
            means[entry.name] = _mean(value for value in values if value is not None)
        return means

    # --- JSON --------------------------------------------------------------------

    def to_json(self) -> str:
        """Write the sequences and their means; `from_json` reads it."""
        document = {
            "facts": dict(self.facts),
            "sequences": [asdict(sequence) for sequence in self.sequences],
            "mean": {mode: self._describe(mode) for mode in self.modes},
            "work_list": self.mean_work_list(),
        }
        return json.dumps(document, indent=1)

    @classmethod
    def from_json(cls, text: str) -> AnnotationReport:
        """Read what `to_json` wrote."""
        document = json.loads(text)
        sequences = tuple(
            AnnotatedSequence(
                name=row["name"],
                n_frames=row["n_frames"],
                outcomes=tuple(_read_outcome(facts) for facts in row["outcomes"]),
            )
            for row in document["sequences"]
        )
        return cls(sequences, document["facts"])

    def _describe(self, mode: str) -> dict[str, object]:
        return {
            "boxes_per_100": {c: self.mean_boxes(mode, c) for c in CRITERIA},
            "looks_per_100": {c: self.mean_looks(mode, c) for c in CRITERIA},
            "given_up": {c: self.given_up(mode, c) for c in CRITERIA},
            "saving": {
                reference: {c: self.saving(mode, reference, c) for c in CRITERIA}
                for reference in COMPARED_WITH.get(mode, ())
                if reference in self.modes
            },
        }

    def of(self, mode: str) -> Iterator[tuple[AnnotatedSequence, ModeOutcome]]:
        """Yield the sequences of a mode with its outcomes."""
        for sequence in self.sequences:
            outcome = sequence.find(mode)
            if outcome is not None:
                yield sequence, outcome


def _read_outcome(facts: dict[str, object]) -> ModeOutcome:
    figures = facts.pop("work_list")
    work_list = WorkListFigures(**figures) if isinstance(figures, dict) else None
    return ModeOutcome(**facts, work_list=work_list)  # type: ignore[arg-type]


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return sum(known) / len(known) if known else None
