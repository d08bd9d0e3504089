"""Boxes that the scripted annotator drew, as a table for people."""

from __future__ import annotations

from fcot_engine.evaluation.annotation_report import (
    COMPARED_WITH,
    CRITERIA,
    AnnotatedSequence,
    AnnotationReport,
    ModeOutcome,
)

__all__ = ["tabulate_annotation"]


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
