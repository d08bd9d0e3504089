"""The paper's ablation tables I to IV: rows as changed settings, runs, and the result.

The rows of Table I without "Online-Reg" have the generator's filter alone, since its
fourth row is the first of Table II. Where a table has the whole method in it, the share
of the online model (lambda) is that of the preset, 0.6 in the paper.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fcot_engine.annotation import TargetTracker
from fcot_engine.config import SettingValue, TrackerConfig, apply_settings
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation._ablated_net import Ablation
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore
from fcot_engine.evaluation.run import EvaluationProgress, evaluate


@dataclass(frozen=True)
class AblationRow:
    """One line of a table."""

    cells: tuple[str, ...]
    """What stands left of the figures."""
    settings: Mapping[str, SettingValue] = field(default_factory=dict)
    """Changes that make the row, by name."""
    ablation: Ablation = field(default_factory=Ablation)
    """Detail that is taken from the features."""
    is_coarse_alone: bool = False
    """Whether the coarse classifier has the weight of both. The thresholds, which are
    about the fused score, keep their meaning."""

    def find_settings(self, base: TrackerConfig) -> dict[str, SettingValue]:
        """Return all changes that make the row of some settings, by name."""
        changes = dict(self.settings)
        if self.is_coarse_alone:
            both = base.localisation.coarse_weight + base.localisation.fine_weight
            changes |= {
                "localisation.coarse_weight": both,
                "localisation.fine_weight": 0.0,
            }
        return changes


@dataclass(frozen=True)
class AblationTable:
    """One table of the paper."""

    name: str
    title: str
    columns: tuple[str, ...]
    """Above the cells."""
    rows: tuple[AblationRow, ...]


_CHECK = "x"
_STATIC: dict[str, SettingValue] = {"regression.online_update": "off"}
_GENERATOR_ALONE = _STATIC | {"regression.static_model": "generated"}


def _online(share: float, update: str) -> dict[str, SettingValue]:
    """Settings for one lambda; without an online model where it is 0."""
    if share == 0:
        return _STATIC
    return {"regression.online_update": update, "regression.blend": share}


_TABLE_1 = AblationTable(
    "I",
    "Parts of the framework",
    ("Reg-2S", "Cls-2S", "UP", "Online-Reg"),
    (
        AblationRow(
            ("", "", "", ""),
            _GENERATOR_ALONE,
            Ablation(regression_stride=16),
            is_coarse_alone=True,
        ),
        AblationRow(
            (_CHECK, "", "", ""),
            _GENERATOR_ALONE,
            Ablation(regression_stride=8),
            is_coarse_alone=True,
        ),
        AblationRow(
            (_CHECK, _CHECK, "", ""),
            _GENERATOR_ALONE,
            Ablation(fine_stride=8, regression_stride=8),
        ),
        AblationRow((_CHECK, _CHECK, _CHECK, ""), _GENERATOR_ALONE),
        AblationRow((_CHECK, _CHECK, _CHECK, _CHECK)),
    ),
)

_TABLE_2 = AblationTable(
    "II",
    "Online regression model generator",
    ("Init-Filter", "Init-Rect", "Online"),
    (
        AblationRow((_CHECK, "", ""), _GENERATOR_ALONE),
        AblationRow((_CHECK, _CHECK, ""), _STATIC),
        AblationRow(("", "", _CHECK), _online(1.0, "rmg")),
        AblationRow((_CHECK, _CHECK, _CHECK)),
    ),
)

_TABLE_3 = AblationTable(
    "III",
    "Updating mechanism of the regression model",
    ("lambda", "Type"),
    (
        AblationRow(("0.0", "Neither"), _online(0.0, "rmg")),
        *(
            AblationRow((f"{share:.1f}", name), _online(share, update))
            for share in (0.2, 0.4, 0.6, 0.8, 1.0)
            for name, update in (("Trad", "trad"), ("Ours", "rmg"))
        ),
    ),
)

_TABLE_4 = AblationTable(
    "IV",
    "Share lambda of the online regression model",
    ("lambda",),
    tuple(
        AblationRow((f"{tenths / 10:.1f}",), _online(tenths / 10, "rmg"))
        for tenths in range(11)
    ),
)

TABLES = (_TABLE_1, _TABLE_2, _TABLE_3, _TABLE_4)
"""In the paper's order."""


def choose_tables(name: str) -> tuple[AblationTable, ...]:
    """Return the tables of a name: "I" to "IV", or "all".

    Raises:
        ConfigError: there is none of that name.
    """
    if name.lower() == "all":
        return TABLES
    found = tuple(table for table in TABLES if table.name == name.upper())
    if not found:
        names = ", ".join(table.name for table in TABLES)
        raise ConfigError(
            f"There is no ablation table {name!r}; choose {names} or all."
        )
    return found


FIGURES = ("auc", "p20", "sr50")
TITLES = ("AUC", "P20", "SR50")
NOTE = (
    "The weights were not trained for the rows: the coarser rows of Table I average "
    "their features. AUC, P20 and SR50 stand where the paper has Accuracy, Robustness "
    "and EAO."
)


@dataclass(frozen=True)
class AblationRun:
    """What came of one set of settings."""

    config: TrackerConfig
    """All settings of the run."""
    ablation: Ablation
    """Detail that was taken from the features."""
    scores: tuple[SequenceScore, ...]
    """One a sequence."""

    @property
    def mean(self) -> SequenceScore:
        """Means over the sequences."""
        return EvaluationReport(self.scores).mean


@dataclass(frozen=True)
class AblationReport:
    """Tables with the runs that are complete."""

    tables: tuple[AblationTable, ...]
    base: TrackerConfig
    """Settings that the rows change."""
    runs: tuple[AblationRun, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What was run: preset, weights and the like."""

    def with_run(self, run: AblationRun) -> AblationReport:
        """Add one run."""
        return replace(self, runs=(*self.runs, run))

    def find_run(self, row: AblationRow) -> AblationRun | None:
        """Return the run with a row's settings, or None if it is not complete."""
        wanted = apply_settings(self.base, row.find_settings(self.base)), row.ablation
        found = (run for run in self.runs if (run.config, run.ablation) == wanted)
        return next(found, None)

    def to_text(self) -> str:
        """Write the tables one below the other, "-" where a row is not complete."""
        told = ", ".join(f"{name}: {value}" for name, value in self.facts.items())
        parts = [self._write_table(table) for table in self.tables]
        return "\n\n".join([*parts, "\n".join(filter(None, (told, NOTE)))])

    def to_json(self) -> str:
        """Write facts, tables and the scores of each sequence."""
        document = {
            **self.facts,
            "note": NOTE,
            "tables": [
                {
                    "name": table.name,
                    "title": table.title,
                    "columns": [*table.columns, *TITLES],
                    "rows": [self._describe(row) for row in table.rows],
                }
                for table in self.tables
            ],
        }
        return json.dumps(document, indent=1)

    def _describe(self, row: AblationRow) -> dict[str, Any]:
        run = self.find_run(row)
        return {
            "cells": list(row.cells),
            "settings": row.find_settings(self.base),
            "ablation": asdict(row.ablation),
            "mean": None if run is None else asdict(run.mean),
            "sequences": [] if run is None else [asdict(s) for s in run.scores],
        }

    def _write_table(self, table: AblationTable) -> str:
        header = [*table.columns, *TITLES]
        rows = [[*row.cells, *self._figures(row)] for row in table.rows]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [
            "  ".join(
                cell.center(width) for cell, width in zip(line, widths, strict=True)
            )
            for line in (header, *rows)
        ]
        title = f"Table {table.name}. {table.title}"
        return "\n".join([title, lines[0], "-" * len(lines[0]), *lines[1:]])

    def _figures(self, row: AblationRow) -> list[str]:
        run = self.find_run(row)
        if run is None:
            return ["-"] * len(FIGURES)
        mean = run.mean
        return [f"{getattr(mean, name):.3f}" for name in FIGURES]


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
