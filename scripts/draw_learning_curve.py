"""Draw what more training brings: figures of `fcot eval` over the samples seen.

    python scripts/draw_learning_curve.py docs/learning_curve.csv \
        --out docs/images/learning_curve.png --next lite=68000

The table has the columns name, samples, auc, p20 and sr50. Rows with a number of
samples are points of the curve of that name; rows without one are horizontal lines, for
what is compared with. A figure that was not measured is left empty.

With `--next`, for any preset in the table, it says what the AUC is expected to be after
so many samples, with its 95 % interval, or that this cannot be told, and draws both.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import NOISE, CurvePoint, LearningCurve, fit_learning_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


@dataclass(frozen=True)
class Wish:
    """A forecast that was asked for."""

    name: str
    samples: int


def parse_wish(text: str) -> Wish:
    """Read `NAME=SAMPLES`."""
    name, _, number = text.rpartition("=")
    if not name or not number.isdigit():
        raise argparse.ArgumentTypeError(
            f"expected NAME=SAMPLES such as lite=68000, got {text!r}"
        )
    return Wish(name, int(number))


def fit_curve(rows: Sequence[Row], name: str, *, noise: float) -> LearningCurve:
    """Fit the AUC of one preset.

    Raises:
        ConfigError: the table has too few of its points.
    """
    points = [
        CurvePoint(row.samples, row.figures["auc"])
        for row in rows
        if row.name == name and row.samples is not None and "auc" in row.figures
    ]
    return fit_learning_curve(points, noise=noise)


def draw_curve(
    rows: Sequence[Row],
    path: Path,
    forecasts: Sequence[tuple[Wish, LearningCurve]] = (),
) -> None:
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
        if column == "auc":
            for wish, fit in forecasts:
                _draw_forecast(axes, wish, fit)
        for number, row in enumerate(row for row in known if row.samples is None):
            colour = f"C{number + 5}"
            axes.axhline(
                row.figures[column], color=colour, linestyle="--", label=row.name
            )
        axes.set(title=title, xlabel="training samples seen", ylim=(0, 1))
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        if known:
            axes.legend(fontsize=7, loc="lower right")
    picture.savefig(path, dpi=DPI)


def _draw_forecast(axes: Axes, wish: Wish, fit: LearningCurve) -> None:
    """The line up to the forecast, and the interval of what will be measured there."""
    told = fit.forecast(wish.samples)
    x: Any = np.geomspace(fit.points[0].samples, wish.samples, 60)
    axes.plot(x, [fit.score_at(n) for n in x], color="C9", linestyle=":", zorder=2)
    axes.errorbar(
        [told.samples],
        [told.score],
        yerr=[[told.score - told.low], [told.high - told.score]],
        color="C9",
        marker="D",
        capsize=3,
        label=f"{wish.name}, expected (95 %)",
    )


def main() -> None:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table", type=Path, help="CSV")
    parser.add_argument("--out", type=Path, required=True, help="PNG, SVG or PDF")
    parser.add_argument(
        "--next",
        type=parse_wish,
        action="append",
        default=[],
        metavar="NAME=SAMPLES",
        help="also say what is expected after so many samples; may be repeated",
    )
    parser.add_argument(
        "--noise",
        type=float,
        default=NOISE,
        help=f"standard deviation of a measured AUC ({NOISE:g})",
    )
    args = parser.parse_args()
    rows = read_table(args.table)
    forecasts = []
    for wish in args.next:
        try:
            fit = fit_curve(rows, wish.name, noise=args.noise)
            print(f"{wish.name}: {fit.describe(wish.samples)}")
            forecasts.append((wish, fit))
        except ConfigError as error:
            print(f"{wish.name}: cannot be told. {error}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw_curve(rows, args.out, forecasts)


if __name__ == "__main__":
    main()
