"""`fcot eval`: figures on sequences with ground truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fcot_engine.cli.options import add_tracker_options, make_tracker, parse_names
from fcot_engine.cli.progress_bar import show_progress

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot eval sequences/
  fcot eval sequences/ --sequences dog,deer --effort
  fcot eval sequences/ --weights mine.safetensors --out figures.json

ROOT holds one folder a sequence: <name>/img/00000001.jpg ... and
<name>/groundtruth.txt with a line x,y,w,h for each image, nan where it is absent."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot eval`."""
    add = parser.add_argument
    add("root", type=Path, metavar="ROOT", help="folder of the sequences")
    add("--sequences", type=parse_names, metavar="A,B", help="only these (all)")
    add(
        "--effort",
        action="store_true",
        help="also count the boxes an annotator draws, by two more passes",
    )
    add("--json", action="store_true", help="print the figures as JSON")
    add("--out", type=Path, metavar="FILE", help="write the figures there as JSON")
    add_tracker_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure as asked for; returns the exit code.

    Ctrl-C shows the figures of the sequences that are complete.

    Raises:
        FcotError: something is wrong with the sequences, the weights or the disk.
    """
    from fcot_engine.evaluation import EvaluationReport, SequenceScore, evaluate
    from fcot_engine.io.atomic_write import write_together

    make_tracker(args)  # a wrong option shows before the work starts
    scores: list[SequenceScore] = []
    code = 0
    try:
        with show_progress("Reading sequences") as advance:
            evaluate(
                args.root,
                lambda: make_tracker(args),
                args.sequences,
                with_effort=args.effort,
                on_progress=lambda p: advance(p.sequence, p.frames_total),
                on_score=scores.append,
            )
    except KeyboardInterrupt:
        if not scores:
            raise
        print(f"Interrupted after {len(scores)} sequences.", file=sys.stderr)
        code = 130
    report = EvaluationReport(tuple(scores))
    print(report.to_json() if args.json else report.to_table())
    if args.out is not None:
        with write_together() as files:
            files.write_text(args.out, report.to_json() + "\n")
    return code
