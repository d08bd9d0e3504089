"""Draw where a tracker does worst: truth green, its box orange, IoU in the corner.

    fcot eval SEQUENCES --records frames.csv
    python scripts/draw_failures.py SEQUENCES --records frames.csv --out failures.png

One row for each of the worst sequences, with its worst frames in order of time, some
frames apart from each other. Pictures show frames of the sequences: share them only
where the sequences may be shared. The one in docs/images is of the sample video
(`scripts/write_sample_sequence.py`).
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.evaluation import (
    EvalSequence,
    FrameRecord,
    find_sequences,
    read_records,
)

if TYPE_CHECKING:
    from PIL.Image import Image

CELL_WH = (320, 240)
CAPTION_PX = 18
GAP_PX = 4
TRUTH_RGB, FOUND_RGB = (40, 200, 60), (255, 140, 0)
APART = 12
"""Chosen frames of a sequence are at least its length over this apart."""


def choose_frames(
    records: Sequence[FrameRecord], *, n_sequences: int, n_frames: int
) -> dict[str, list[FrameRecord]]:
    """Choose the worst frames of the worst sequences.

    Args:
        records: of all frames; those without a true box do not count.
        n_sequences: sequences to take, those of lowest mean IoU, the worst first.
        n_frames: frames of each, in order of time.
    """
    by_name: dict[str, list[FrameRecord]] = defaultdict(list)
    for record in records:
        if math.isfinite(record.iou):
            by_name[record.sequence].append(record)
    means = {n: sum(r.iou for r in part) / len(part) for n, part in by_name.items()}
    worst = sorted(means, key=lambda name: (means[name], name))[:n_sequences]
    return {name: _choose_apart(by_name[name], n_frames) for name in worst}


def _choose_apart(records: list[FrameRecord], n_frames: int) -> list[FrameRecord]:
    apart = max(1, len(records) // APART)
    chosen: list[FrameRecord] = []
    for record in sorted(records, key=lambda r: (r.iou, r.frame)):
        if all(abs(record.frame - other.frame) >= apart for other in chosen):
            chosen.append(record)
        if len(chosen) == n_frames:
            break
    return sorted(chosen, key=lambda record: record.frame)


def draw_sheet(
    sequences: Sequence[EvalSequence], chosen: dict[str, list[FrameRecord]]
) -> Image:
    """Draw one row a sequence."""
    from PIL import Image

    by_name = {sequence.name: sequence for sequence in sequences}
    columns = max(len(part) for part in chosen.values())
    step_x, step_y = CELL_WH[0] + GAP_PX, CELL_WH[1] + CAPTION_PX + GAP_PX
    sheet = Image.new("RGB", (columns * step_x, len(chosen) * step_y), "white")
    for row, (name, records) in enumerate(chosen.items()):
        for column, record in enumerate(records):
            cell = draw_cell(by_name[name], record)
            sheet.paste(cell, (column * step_x, row * step_y))
    return sheet


def draw_cell(sequence: EvalSequence, record: FrameRecord) -> Image:
    """Draw one frame with both boxes, and its name below."""
    from PIL import Image, ImageDraw, ImageFont

    frame = Image.fromarray(sequence.read(record.frame))
    scale = min(CELL_WH[0] / frame.width, CELL_WH[1] / frame.height)
    size = round(frame.width * scale), round(frame.height * scale)
    cell = Image.new("RGB", (CELL_WH[0], CELL_WH[1] + CAPTION_PX), "white")
    cell.paste(frame.resize(size), (0, 0))
    draw = ImageDraw.Draw(cell)
    truth = sequence.truth_xywh[record.frame].tolist()
    for box, colour in (
        (truth, TRUTH_RGB),
        ((record.x, record.y, record.w, record.h), FOUND_RGB),
    ):
        x, y, w, h = (value * scale for value in box)
        draw.rectangle((x, y, x + w, y + h), outline=colour, width=3)
    font = ImageFont.load_default(14)
    draw.rectangle((0, 0, 46, 20), fill="black")
    draw.text((5, 2), f"{record.iou:.2f}", fill="white", font=font)
    caption = f"{sequence.name}, frame {record.frame}, {record.verdict}"
    draw.text((2, size[1]), caption, fill="black", font=font)
    return cell


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path, help="folder of the sequences")
    parser.add_argument("--records", type=Path, required=True, help="of `fcot eval`")
    parser.add_argument("--out", type=Path, required=True, help="PNG or JPEG")
    parser.add_argument("--sequences", type=int, default=4, help="rows (4)")
    parser.add_argument("--frames", type=int, default=4, help="columns (4)")
    args = parser.parse_args()
    chosen = choose_frames(
        read_records(args.records), n_sequences=args.sequences, n_frames=args.frames
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(find_sequences(args.root, list(chosen)), chosen).save(args.out)


if __name__ == "__main__":
    main()
