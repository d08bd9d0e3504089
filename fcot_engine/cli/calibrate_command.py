"""`fcot calibrate`: make the score a probability."""

from __future__ import annotations

import argparse
from pathlib import Path

from fcot_engine.cli.results import save_figure

EXAMPLES = """\
  fcot eval sequences/ --records frames.csv
  fcot calibrate frames.csv --plot reliability.svg

The first command measures the tracker and writes what it saw in each frame. The second
fits the chance that a box has an IoU of at least 0.5 to every second sequence, shows
what it is worth on the others, and prints the settings that use it. They belong to the
weights and settings of the first command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot calibrate`."""
    add = parser.add_argument
    add("records", type=Path, metavar="FILE", help="of `fcot eval --records`")
    add(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw it there: .svg, .png or .pdf",
    )
    add("--json", action="store_true", help="print the figures as JSON")
    add("--out", type=Path, metavar="FILE", help="write the figures there as JSON")


def run(args: argparse.Namespace) -> int:
    """Fit, judge and show; returns the exit code.

    Raises:
        FcotError: the records cannot be read or used, or a file cannot be written.
    """
    from fcot_engine.atomic_write import write_together
    from fcot_engine.evaluation import calibrate, draw_reliability, read_records

    report = calibrate(read_records(args.records))
    print(report.to_json() if args.json else report.to_text())
    with write_together() as files:
        if args.out is not None:
            files.write_text(args.out, report.to_json() + "\n")
    if args.plot is not None:
        save_figure(draw_reliability(report.peak, report.fitted), args.plot)
    return 0
