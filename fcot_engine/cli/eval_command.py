"""`fcot eval`: figures on sequences with ground truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fcot_engine.cli.options import (
    add_tracker_options,
    chosen_settings,
    find_preset_name,
    make_tracker,
    parse_fractions,
    parse_names,
)
from fcot_engine.cli.progress_bar import show_progress
from fcot_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fcot_engine.config import SettingValue
    from fcot_engine.evaluation import Ablation, EffortConfig
    from fcot_engine.tracker import MultiTracker

EFFORT_MODES = ("teach", "restart", "classifier-only", "linear")
"""As `evaluation.effort.EffortMode`, without loading all that is behind it."""

EXAMPLES = """\
  fcot eval sequences/
  fcot eval sequences/ --sequences dog,deer --effort
  fcot eval sequences/ --effort --effort-mode restart --taus 0.7
  fcot eval sequences/ --records frames.csv
  fcot eval sequences/ --weights mine.safetensors --out figures.json
  fcot eval sequences/ --set regression.blend=0.6 --max-frames 100
  fcot eval sequences/ --ablation II --out table.json
  fcot eval sequences/ --annotate --sequences dog,deer --out boxes.json

ROOT holds one folder a sequence: <name>/img/00000001.jpg ... and
<name>/groundtruth.txt with a line x,y,w,h for each image, nan where it is absent.

--effort plays an annotator who looks at the frames in order and redraws each box whose
IoU with the truth is below tau. --effort-mode says what a redrawn box does: teach the
tracker, restart it, teach its classifiers alone (classifier-only), or, without any
tracker, be the next keyframe of a linear interpolation (linear).

--annotate plays an annotator who works with an annotation session: draws the first box,
propagates it, and redraws frames until (A) the mean IoU is 0.7 and 95 % of the frames
have 0.5, (B) all have 0.5, (C) all have 0.7. --annotate-mode takes one or more of
  worklist          a box teaches; the session's work list says where to look
  in-order          a box teaches; the first frame below 0.7 is next
  restart           a box starts the tracker anew; the work list as above
  linear            no tracker; the worst frame is the next keyframe
  all               these four
  worst, restart-in-order, restart-worst   the same by other rules

--ablation runs every row of the paper's Tables I to IV with the weights at hand, which
were not trained for the rows; rows with the same settings share one run."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot eval`."""
    add = parser.add_argument
    add("root", type=Path, metavar="ROOT", help="folder of the sequences")
    add("--sequences", type=parse_names, metavar="A,B", help="only these (all)")
    add(
        "--effort",
        action="store_true",
        help="also count the boxes an annotator draws, by a further pass for each tau",
    )
    add(
        "--effort-mode",
        choices=EFFORT_MODES,
        default="teach",
        help="what a redrawn box does (teach)",
    )
    add(
        "--taus",
        type=parse_fractions,
        default=(0.5, 0.7),
        metavar="A,B",
        help="IoU that every frame must reach (0.5,0.7)",
    )
    add(
        "--records",
        type=Path,
        metavar="FILE",
        help="write score, verdict and IoU of each frame there as CSV",
    )
    add(
        "--max-frames",
        type=int,
        metavar="N",
        help="use only the first frames of each sequence (all)",
    )
    add(
        "--ablation",
        metavar="TABLE",
        help="run the rows of a table of the paper: I, II, III, IV or all",
    )
    add(
        "--annotate",
        action="store_true",
        help="count the boxes of an annotator who works with an annotation session",
    )
    add(
        "--annotate-mode",
        type=parse_names,
        default=("all",),
        metavar="A,B",
        help="how that annotator works, see below (all)",
    )
    add("--json", action="store_true", help="print the figures as JSON")
    add("--out", type=Path, metavar="FILE", help="write the figures there as JSON")
    add_tracker_options(parser)


def run(args: argparse.Namespace) -> int:
    """Measure as asked for; returns the exit code.

    Ctrl-C shows the figures of the sequences, or of the rows, that are complete.

    Raises:
        FcotError: something is wrong with the sequences, the weights or the disk.
    """
    device = make_tracker(args).device_name  # a wrong option shows before the work
    if args.annotate:
        return _run_annotator(args, device)
    if args.ablation is not None:
        return _run_tables(args, device)
    return _run_once(args)


def _run_once(args: argparse.Namespace) -> int:
    from fcot_engine.evaluation import (
        EvaluationReport,
        FrameRecord,
        SequenceScore,
        evaluate,
        records_to_csv,
    )

    scores: list[SequenceScore] = []
    records: list[FrameRecord] = []
    effort = _choose_effort(args)
    changes = {} if effort is None else effort.settings
    code = 0
    try:
        with show_progress("Reading sequences") as advance:
            evaluate(
                args.root,
                lambda: make_tracker(args, changes),
                args.sequences,
                effort=effort,
                max_frames=args.max_frames,
                on_progress=lambda p: advance(p.sequence, p.frames_total),
                on_score=scores.append,
                on_records=records.extend,
            )
    except KeyboardInterrupt:
        if not scores:
            raise
        print(f"Interrupted after {len(scores)} sequences.", file=sys.stderr)
        code = 130
    report = EvaluationReport(tuple(scores), None if effort is None else effort.mode)
    print(report.to_json() if args.json else report.to_table())
    if args.out is not None:
        _write(args.out, report.to_json())
    if args.records is not None:
        _write(args.records, records_to_csv(records).rstrip("\n"))
    return code


def _choose_effort(args: argparse.Namespace) -> EffortConfig | None:
    from fcot_engine.evaluation import EffortConfig

    config = EffortConfig(mode=args.effort_mode, min_ious=args.taus)
    if not args.effort:
        return None
    if not config.needs_tracker and args.records is not None:
        raise ConfigError("Nothing is tracked with --effort-mode linear: no --records.")
    return config


def _run_tables(args: argparse.Namespace, device: str) -> int:
    """Run ablation tables; with `--out` each complete row is on disk at once."""
    from fcot_engine.config import apply_settings, find_preset
    from fcot_engine.evaluation import AblationReport, choose_tables, run_ablation

    _refuse_together(
        "--ablation", {"--effort": args.effort, "--records": args.records is not None}
    )
    tables, settings = choose_tables(args.ablation), chosen_settings(args)
    preset = find_preset_name(args)
    facts = {
        "preset": preset,
        "weights": "shipped" if args.weights is None else args.weights.name,
        "settings": " ".join(f"{k}={v}" for k, v in settings.items()) or "preset's",
        "sequences": ", ".join(args.sequences or ["all"]),
        "frames each": args.max_frames or "all",
        "device": device,
    }
    complete: list[AblationReport] = []

    def keep(report: AblationReport) -> None:
        complete.append(report)
        if args.out is not None:
            _write(args.out, report.to_json())

    code = 0
    try:
        with show_progress("Reading sequences") as advance:
            run_ablation(
                args.root,
                tables,
                lambda changes, ablation: _make_ablated(args, changes, ablation),
                base=apply_settings(find_preset(preset).tracker, settings),
                facts=facts,
                sequences=args.sequences,
                max_frames=args.max_frames,
                on_progress=advance,
                on_run=keep,
            )
    except KeyboardInterrupt:
        if not complete:
            raise
        print(f"Interrupted after {len(complete)} runs.", file=sys.stderr)
        code = 130
    report = complete[-1]
    print(report.to_json() if args.json else report.to_text())
    return code


def _make_ablated(
    args: argparse.Namespace, changes: Mapping[str, SettingValue], ablation: Ablation
) -> MultiTracker[int]:
    """Make the tracker of a row."""
    from fcot_engine.evaluation import AblatedNet, Ablation
    from fcot_engine.tracker import MultiTracker, load_preset

    if ablation == Ablation():
        return make_tracker(args, changes)
    settings = {**chosen_settings(args), **changes}
    loaded = load_preset(args.preset, args.weights, settings, device=args.device)
    return MultiTracker[int](
        AblatedNet(loaded.network, ablation),
        loaded.config,
        device=args.device,
        seed=args.seed,
        keep_score_maps=False,
    )


def _run_annotator(args: argparse.Namespace, device: str) -> int:
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

    _refuse_together(
        "--annotate",
        {
            "--ablation": args.ablation is not None,
            "--effort": args.effort,
            "--records": args.records is not None,
        },
    )
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
                lambda: make_tracker(args),
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


def _refuse_together(name: str, others: Mapping[str, bool]) -> None:
    """Refuse what is not measured together with an option."""
    given = [other for other, is_given in others.items() if is_given]
    if given:
        raise ConfigError(
            f"{name} and {given[0]} are measured one at a time: leave one out."
        )


def _write(path: Path, text: str) -> None:
    from fcot_engine.atomic_write import write_together

    with write_together() as files:
        files.write_text(path, text + "\n")
