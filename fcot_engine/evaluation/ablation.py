"""Running the rows of the paper's ablation tables, each distinct one once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fcot_engine.annotation import TargetTracker
from fcot_engine.config import SettingValue, TrackerConfig, apply_settings
from fcot_engine.evaluation.ablated_net import Ablation
from fcot_engine.evaluation.ablation_report import AblationReport, AblationRun
from fcot_engine.evaluation.ablation_tables import AblationTable
from fcot_engine.evaluation.run import EvaluationProgress, evaluate

__all__ = ["count_runs", "run_ablation"]


def run_ablation(
    root: Path,
    tables: Sequence[AblationTable],
    make_tracker: Callable[[Mapping[str, SettingValue], Ablation], TargetTracker],
    *,
    base: TrackerConfig,
    facts: Mapping[str, Any],
    sequences: Iterable[str] | None = None,
    max_frames: int | None = None,
    on_progress: Callable[[str, int], None] | None = None,
    on_run: Callable[[AblationReport], None] | None = None,
) -> AblationReport:
    """Evaluate every row of some tables; rows with equal settings share one run.

    Args:
        root: the folder of the sequences, see `evaluation.sequences`.
        tables: the rows to run.
        make_tracker: gives a fresh tracker with settings changed by name, around an
            `AblatedNet`.
        base: settings before a row changes them, by which rows are compared.
        facts: what is run, for the report.
        sequences: names to run; all when None.
        max_frames: use only the first frames of each sequence.
        on_progress: told the row and sequence under way and the number of frames over
            all runs, with each frame.
        on_run: told all runs so far, whenever one is complete.

    Raises:
        ConfigError: a row's settings do not fit.
        VideoError: the folder or a sequence cannot be read.
        FrameError: an image cannot be decoded.
    """
    names = None if sequences is None else list(sequences)
    report = AblationReport(tuple(tables), base, facts=facts)
    wanted = _distinct(tables, base)
    for number, (key, (title, settings)) in enumerate(wanted.items(), start=1):
        config, ablation = key
        told = f"{number}/{len(wanted)} {title}"

        def advance(progress: EvaluationProgress, told: str = told) -> None:
            if on_progress is not None:
                total = progress.frames_total * len(wanted)
                on_progress(f"{told} {progress.sequence}", total)

        make = functools.partial(make_tracker, settings, ablation)

        done = evaluate(root, make, names, max_frames=max_frames, on_progress=advance)
        report = report.with_run(AblationRun(config, ablation, done.scores))
        if on_run is not None:
            on_run(report)
    return report


def count_runs(tables: Sequence[AblationTable], base: TrackerConfig) -> int:
    """Count the distinct runs that some tables need."""
    return len(_distinct(tables, base))


def _distinct(
    tables: Sequence[AblationTable], base: TrackerConfig
) -> dict[tuple[TrackerConfig, Ablation], tuple[str, dict[str, SettingValue]]]:
    """Title and changes of the first row of each kind."""
    found: dict[
        tuple[TrackerConfig, Ablation], tuple[str, dict[str, SettingValue]]
    ] = {}
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            settings = row.find_settings(base)
            key = apply_settings(base, settings), row.ablation
            found.setdefault(key, (f"{table.name}.{number}", settings))
    return found
