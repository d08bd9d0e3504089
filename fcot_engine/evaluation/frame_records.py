"""What a tracker said about each frame, beside how good its box was, as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.errors import VideoError
from fcot_engine.evaluation.metrics import overlaps
from fcot_engine.evaluation.sequences import EvalSequence

if TYPE_CHECKING:
    from fcot_engine.evaluation.run import OnePass

DIGITS = 5


@dataclass(frozen=True)
class FrameRecord:
    """One frame after the first of one sequence, tracked without help."""

    sequence: str
    frame: int
    """0-based."""
    score: float
    """Confidence, see `TrackResult`."""
    peak: float
    """Fused score before calibration."""
    second_ratio: float
    """Second peak over first."""
    size_change: float
    """See `online.calibration.size_change`."""
    verdict: str
    """Value of a `Verdict`."""
    iou: float
    """With the true box; NaN where the target is absent."""
    x: float
    """Left of the box that was found, in image pixels, as `y`, `w` and `h`."""
    y: float
    w: float
    h: float


def describe_pass(sequence: EvalSequence, one_pass: OnePass) -> list[FrameRecord]:
    """Put beside each other what was found and what is true, from the second frame."""
    ious = overlaps(one_pass.boxes_xywh, sequence.truth_xywh)
    return [
        FrameRecord(
            sequence.name,
            frame,
            score=result.score,
            peak=result.peak,
            second_ratio=result.second_ratio,
            size_change=result.size_change,
            verdict=result.verdict.value,
            iou=float(ious[frame]),
            x=result.box_xywh[0],
            y=result.box_xywh[1],
            w=result.box_xywh[2],
            h=result.box_xywh[3],
        )
        for frame, result in enumerate(one_pass.results)
        if frame > 0
    ]


def records_to_csv(records: Sequence[FrameRecord]) -> str:
    """Write a header and a line a frame; `read_records` reads it."""
    text = io.StringIO()
    names = [field.name for field in fields(FrameRecord)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for record in records:
        row = asdict(record)
        writer.writerow(
            {n: round(v, DIGITS) if isinstance(v, float) else v for n, v in row.items()}
        )
    return text.getvalue()


def read_records(path: Path) -> list[FrameRecord]:
    """Read a file of `records_to_csv`.

    Raises:
        VideoError: the file cannot be read, a column is missing, or a line is wrong.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            known = reader.fieldnames or ()
            missing = [f.name for f in fields(FrameRecord) if f.name not in known]
            if missing:
                raise VideoError(
                    f"{path} must have the columns that `fcot eval --records` writes; "
                    f"{', '.join(missing)} is missing."
                )
            return [_read(row, path, line) for line, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VideoError(f"{path} cannot be read: {error}.") from error


def _read(row: dict[str, str], path: Path, line: int) -> FrameRecord:
    try:
        numbers = {
            field.name: float(row[field.name])
            for field in fields(FrameRecord)
            if field.type == "float"
        }
        record = FrameRecord(
            row["sequence"], int(row["frame"]), verdict=row["verdict"], **numbers
        )
    except (TypeError, ValueError) as error:
        raise VideoError(f"Line {line} of {path} is not a record: {error}.") from error
    wrong = [n for n, v in numbers.items() if n != "iou" and not math.isfinite(v)]
    if wrong:
        raise VideoError(f"Line {line} of {path} has no finite {', '.join(wrong)}.")
    return record
