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
from fcot_engine.evaluation.calibration import (
    CalibrationReport,
    calibrate,
    fit_curve,
)
from fcot_engine.evaluation.effort import (
    EffortConfig,
    EffortMode,
    measure_effort,
    measure_linear_effort,
)
from fcot_engine.evaluation.frame_records import (
    FrameRecord,
    describe_pass,
    read_records,
    records_to_csv,
)
from fcot_engine.evaluation.metrics import (
    Accuracy,
    center_distances,
    is_visible,
    measure,
    overlaps,
)
from fcot_engine.evaluation.passes import OnePass, run_one_pass
from fcot_engine.evaluation.reliability import Reliability, ReliabilityBin, assess
from fcot_engine.evaluation.reliability_plot import draw_reliability
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
    "CalibrationReport",
    "EffortConfig",
    "EffortMode",
    "EvalSequence",
    "EvaluationProgress",
    "EvaluationReport",
    "FrameRecord",
    "OnePass",
    "Reliability",
    "ReliabilityBin",
    "SequenceScore",
    "assess",
    "calibrate",
    "center_distances",
    "choose_tables",
    "count_runs",
    "describe_pass",
    "draw_reliability",
    "evaluate",
    "find_sequences",
    "fit_curve",
    "is_visible",
    "load_sequence",
    "measure",
    "measure_effort",
    "measure_linear_effort",
    "overlaps",
    "read_records",
    "records_to_csv",
    "run_ablation",
    "run_one_pass",
]
