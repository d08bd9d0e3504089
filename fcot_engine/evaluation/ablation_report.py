"""Ablation results as tables in the paper's shape, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from fcot_engine.config import TrackerConfig, apply_settings
from fcot_engine.evaluation.ablated_net import Ablation
from fcot_engine.evaluation.ablation_tables import AblationRow, AblationTable
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore

__all__ = ["AblationReport", "AblationRun"]

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
