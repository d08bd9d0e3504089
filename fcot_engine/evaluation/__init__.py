"""Sequences with ground truth, and how well a tracker follows them."""

from __future__ import annotations

from fcot_engine.evaluation.ablation import count_runs, run_ablation
from fcot_engine.evaluation.ablation_report import AblationReport, AblationRun
from fcot_engine.evaluation.ablation_tables import (
    TABLES,
    AblationRow,
    AblationTable,
    choose_tables,
)
from fcot_engine.evaluation.metrics import (
    Accuracy,
    center_distances,
    is_visible,
    measure,
    overlaps,
)
from fcot_engine.evaluation.passes import OnePass, measure_effort, run_one_pass
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore
from fcot_engine.evaluation.run import EvaluationProgress, evaluate
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences, load_sequence

__all__ = [
    "TABLES",
    "AblationReport",
    "AblationRow",
    "AblationRun",
    "AblationTable",
    "Accuracy",
    "EvalSequence",
    "EvaluationProgress",
    "EvaluationReport",
    "OnePass",
    "SequenceScore",
    "center_distances",
    "choose_tables",
    "count_runs",
    "evaluate",
    "find_sequences",
    "is_visible",
    "load_sequence",
    "measure",
    "measure_effort",
    "overlaps",
    "run_ablation",
    "run_one_pass",
]
