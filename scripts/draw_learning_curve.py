"""Draw what more training brings: figures of `fcot eval` over the samples seen.

    python scripts/draw_learning_curve.py docs/learning_curve.csv \
        --out docs/images/learning_curve.png

The table has the columns name, samples, auc, p20 and sr50. Rows with a number of
samples are points of the curve of that name; rows without one are horizontal lines, for
what is compared with. A figure that was not measured is left empty.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIGURES = {"auc": "AUC", "p20": "P20", "sr50": "SR50"}
PANEL_INCHES = (4.0, 3.4)
DPI = 110


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    samples: int | None
    """Seen in training; None for what is compared with."""
    figures: dict[str, float]
    """Those that were measured, by column."""


def read_table(path: Path) -> list[Row]:
    """Read the table.

    Raises:
        ValueError: a column is missing, or a line has no name or a figure outside of
            [0, 1].
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        wanted = {"name", "samples", *FIGURES}
        if set(reader.fieldnames or ()) != wanted:
            raise ValueError(f"{path} must have the columns {', '.join(wanted)}.")
        return [_read_row(path, number, row) for number, row in enumerate(reader, 2)]


def _read_row(path: Path, number: int, row: dict[str, str]) -> Row:
    try:
        figures = {name: float(row[name]) for name in FIGURES if row[name]}
        samples = int(row["samples"]) if row["samples"] else None
    except (TypeError, ValueError) as error:
        raise ValueError(f"Line {number} of {path} is wrong: {error}.") from error
    if not row["name"] or not all(0 <= value <= 1 for value in figures.values()):
        raise ValueError(f"Line {number} of {path} needs a name, figures from 0 to 1.")
    return Row(row["name"], samples, figures)


def draw_curve(rows: Sequence[Row], path: Path) -> None:
    """Draw one panel a figure; needs matplotlib (the `train` extra)."""
    from matplotlib.figure import Figure

    width, height = PANEL_INCHES
    picture = Figure(figsize=(width * len(FIGURES), height), layout="constrained")
    for axes, (column, title) in zip(
        picture.subplots(1, len(FIGURES)), FIGURES.items(), strict=True
    ):
        known = [row for row in rows if column in row.figures]
        curves = [row for row in known if row.samples is not None]
        for name in dict.fromkeys(row.name for row in curves):
            points = sorted(
                (row.samples or 0, row.figures[column])
                for row in curves
                if row.name == name
            )
            axes.plot(
                *zip(*points, strict=True),
                marker="o",
                label=name,
                clip_on=False,
                zorder=3,
            )
        for number, row in enumerate(row for row in known if row.samples is None):
            colour = f"C{number + 5}"
            axes.axhline(
                row.figures[column], color=colour, linestyle="--", label=row.name
            )
        axes.set(title=title, xlabel="training samples seen", ylim=(0, 1))
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, loc="lower right")
    picture.savefig(path, dpi=DPI)


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="CSV")
    parser.add_argument("--out", type=Path, required=True, help="PNG, SVG or PDF")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw_curve(read_table(args.table), args.out)


if __name__ == "__main__":
    main()
