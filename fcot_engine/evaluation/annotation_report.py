"""Boxes that the scripted annotator drew, as an object and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import AnnotationSession, RiskModel, are_human

FIRST_STOPS = 5
BAD_IOU = 0.5
ALL_STOPS = 10**6


@dataclass(frozen=True)
class WorkListFigures:
    """Of one target; frames without truth and drawn ones count for nothing.

    Shares and correlations are None where there is nothing to make them of.
    """

    n_offered: int
    """Frames of the first five of the list that count."""
    offered_bad: float | None
    """Share of them with an IoU below 0.5."""
    score_bad: float | None
    """The same of as many frames with the lowest score."""
    random_bad: float | None
    """The same of all frames: what to expect of frames chosen at random."""
    rank_list: float | None
    """Rank correlation with 1 - IoU of the list's order, of the frames it offers."""
    rank_list_by_score: float | None
    """The same of 1 - score, of the same frames."""
    rank_risk: float | None
    """Rank correlation with 1 - IoU of the risk behind the list, of all frames."""
    rank_score: float | None
    """The same of 1 - score."""


def check_work_list(
    session: AnnotationSession, target_id: int, ious: NDArray[np.float64]
) -> WorkListFigures:
    """Compare the work list with the truth.

    Args:
        session: with the default `RiskModel`, and this target alone.
        target_id: the target.
        ious: of its boxes, NaN without truth, one a frame of the video, shape (n,).
    """
    table = session.annotations[target_id].boxes
    frames = table.frames()
    rows = table.take(frames)
    risk = RiskModel().rate(frames, rows)
    counts = np.isfinite(ious[frames]) & ~are_human(rows)
    score = {int(f): float(s) for f, s in zip(frames, rows["score"], strict=True)}
    counted = set(frames[counts].tolist())
    stops = session.work_list(ALL_STOPS)
    first = [s.frame_index for s in stops[:FIRST_STOPS] if s.frame_index in counted]
    listed = [stop for stop in stops if stop.frame_index in counted]
    places = np.array([stop.frame_index for stop in listed], np.int64)
    lowest = sorted(counted, key=lambda frame: (score[frame], frame))[: len(first)]
    wrong, kept = 1 - ious, frames[counts]
    return WorkListFigures(
        n_offered=len(first),
        offered_bad=_share_bad(ious[first]),
        score_bad=_share_bad(ious[lowest]),
        random_bad=_share_bad(ious[kept]) if first else None,
        rank_list=_correlate_ranks(
            np.array([stop.expected_saving for stop in listed]), wrong[places]
        ),
        rank_list_by_score=_correlate_ranks(
            np.array([1 - score[stop.frame_index] for stop in listed]), wrong[places]
        ),
        rank_risk=_correlate_ranks(risk[counts], wrong[kept]),
        rank_score=_correlate_ranks(1 - rows["score"][counts], wrong[kept]),
    )


def _share_bad(ious: NDArray[np.float64]) -> float | None:
    return float((ious < BAD_IOU).mean()) if len(ious) else None


def _correlate_ranks(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation; None where there is no order to compare."""
    from scipy.stats import spearmanr

    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(spearmanr(a, b).statistic)


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


def tabulate_annotation(report: AnnotationReport) -> str:
    """Write a table of boxes per 100 frames, what teaching saves, the work list."""
    return "\n".join(
        [*_table(report), *_notes(report), *_savings(report), *_work_list(report)]
    )


def _table(report: AnnotationReport) -> list[str]:
    header = ["sequence", "frames", "mode", *CRITERIA, "looks", "unlisted", "s"]
    rows = [
        [sequence.name, str(sequence.n_frames), *_cells(sequence, outcome)]
        for sequence in report.sequences
        for outcome in sequence.outcomes
    ]
    means = [_mean_row(report, mode) for mode in report.modes]
    lines = _align([header, *rows, *means])
    rule = "-" * len(lines[0])
    split = 1 + len(rows)
    return [lines[0], rule, *lines[1:split], rule, *lines[split:]]


def _mean_row(report: AnnotationReport, mode: str) -> list[str]:
    boxes = [
        ("> " if report.given_up(mode, c) else "")
        + _number(report.mean_boxes(mode, c), 2)
        for c in CRITERIA
    ]
    n_frames = sum(sequence.n_frames for sequence, _ in report.of(mode))
    outcomes = [outcome for _, outcome in report.of(mode)]
    looks = _number(report.mean_looks(mode, "C"), 1) if _is_listed(mode) else "-"
    unlisted = sum(o.n_unlisted for o in outcomes) if _is_listed(mode) else "-"
    seconds = sum(outcome.seconds for outcome in outcomes)
    row = ["mean", str(n_frames), mode, *boxes, looks]
    return [*row, str(unlisted), f"{seconds:.0f}"]


def _notes(report: AnnotationReport) -> list[str]:
    meaning = (
        "A, B, C: boxes drawn per 100 frames until the criterion is met; looks: "
        "frames looked at per 100 until C; unlisted: boxes the work list missed"
    )
    notes = [meaning]
    for mode in report.modes:
        names = [s.name for s, o in report.of(mode) if "C" not in o.boxes]
        if names:
            notes.append(
                f'{mode}: gave up in {", ".join(names)}; ">" counts the boxes '
                "drawn until then, which are too few"
            )
    return notes


def _savings(report: AnnotationReport) -> list[str]:
    lines = []
    for mode in report.modes:
        for reference in COMPARED_WITH.get(mode, ()):
            if reference not in report.modes:
                continue
            told = ", ".join(
                f"{c} {_percent(report.saving(mode, reference, c))}" for c in CRITERIA
            )
            lines.append(f"{mode} saves of the boxes of {reference}: {told}")
    return lines


def _work_list(report: AnnotationReport) -> list[str]:
    mean = report.mean_work_list()
    if mean["n_offered"] is None:
        return []
    percent = {name: _percent(value) for name, value in mean.items()}
    number = {name: _number(value, 2) for name, value in mean.items()}
    shares = (
        f"  below IoU 0.5 (sequences with such frames: {mean['n_bad']}): of its first "
        f"five {percent['offered_bad']}, of as many with the lowest score "
        f"{percent['score_bad']}, at random {percent['random_bad']}"
    )
    ranks = (
        "  rank correlation with 1 - IoU: of the frames offered, its order "
        f"{number['rank_list']}, score {number['rank_list_by_score']}; of all frames, "
        f"its risk {number['rank_risk']}, score {number['rank_score']}; at random 0"
    )
    title = "Work list after the first propagation, means over the sequences:"
    return [title, shares, ranks]


def _is_listed(mode: str) -> bool:
    """Whether a mode follows the work list, so that its looks mean something."""
    return mode in ("worklist", "restart")


def _cells(sequence: AnnotatedSequence, outcome: ModeOutcome) -> list[str]:
    boxes = [
        f"{100 * outcome.boxes[c] / sequence.n_frames:.2f}"
        if c in outcome.boxes
        else f"> {100 * outcome.n_boxes / sequence.n_frames:.2f}"
        for c in CRITERIA
    ]
    looks, unlisted = "-", "-"
    if _is_listed(outcome.mode):
        n_looks = outcome.looks.get("C", outcome.n_looks)
        looks = f"{100 * n_looks / sequence.n_frames:.1f}"
        unlisted = str(outcome.n_unlisted)
    return [outcome.mode, *boxes, looks, unlisted, f"{outcome.seconds:.0f}"]


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = {0, 2}
    return [
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
