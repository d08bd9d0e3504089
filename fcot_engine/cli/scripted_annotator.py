"""`fcot eval --annotate`: boxes that an annotator draws with an annotation session."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fcot_engine.cli.options import chosen_settings, find_preset_name, make_tracker
from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.errors import ConfigError

__all__ = ["run_scripted_annotator"]


def run_scripted_annotator(args: argparse.Namespace, device: str) -> int:
    """Annotate as asked for; returns the exit code.

    With `--out` each complete sequence is on disk at once; Ctrl-C shows those.

    Raises:
        FcotError: something is wrong with the sequences, the weights or the disk.
    """
    from fcot_engine.evaluation import (
        AnnotatedSequence,
        AnnotationReport,
        choose_modes,
        run_annotator,
        tabulate_annotation,
    )

    _check_alone(args)
    modes = choose_modes(args.annotate_mode)
    settings = chosen_settings(args)
    facts = {
        "preset": find_preset_name(args),
        "weights": "shipped" if args.weights is None else args.weights.name,
        "settings": " ".join(f"{k}={v}" for k, v in settings.items()) or "preset's",
        "frames each": args.max_frames or "all",
        "device": device,
    }
    done: list[AnnotatedSequence] = []

    def keep(sequence: AnnotatedSequence) -> None:
        done.append(sequence)
        if args.out is not None:
            _write(args.out, AnnotationReport(tuple(done), facts).to_json())

    code = 0
    try:
        with show_progress("Reading sequences") as advance:
            run_annotator(
                args.root,
                # as in the window: the work list reads second peaks off the maps
                lambda: make_tracker(args, keep_score_maps=True),
                args.sequences,
                modes=modes,
                max_frames=args.max_frames,
                on_frame=lambda name, mode: advance(f"{name}, {mode}", None),
                on_sequence=keep,
            )
    except KeyboardInterrupt:
        if not done:
            raise
        print(f"Interrupted after {len(done)} sequences.", file=sys.stderr)
        code = 130
    report = AnnotationReport(tuple(done), facts)
    print(report.to_json() if args.json else tabulate_annotation(report))
    return code


def _check_alone(args: argparse.Namespace) -> None:
    """Refuse what is not measured together with `--annotate`."""
    others = {
        "--ablation": args.ablation is not None,
        "--effort": args.effort,
        "--records": args.records is not None,
    }
    given = [name for name, is_given in others.items() if is_given]
    if given:
        raise ConfigError(
            f"--annotate and {given[0]} are measured one at a time: leave one out."
        )


def _write(path: Path, text: str) -> None:
    from fcot_engine.atomic_write import write_together

    with write_together() as files:
        files.write_text(path, text + "\n")
