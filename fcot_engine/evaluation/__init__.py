"""Sequences with ground truth, and how well a tracker follows them."""

from __future__ import annotations

from fcot_engine.evaluation._ablated_net import AblatedNet, Ablation
from fcot_engine.evaluation.ablation import (
    TABLES,
    AblationReport,
    AblationRow,
    AblationRun,
    AblationTable,
    choose_tables,
    count_runs,
    run_ablation,
)
from fcot_engine.evaluation.annotation_report import (
    CRITERIA,
    AnnotatedSequence,
    AnnotationReport,
    ModeOutcome,
    WorkListFigures,
    check_work_list,
    tabulate_annotation,
)
from fcot_engine.evaluation.annotator import (
    ALL_MODES,
    ANNOTATOR_MODES,
    AnnotatorConfig,
    AnnotatorMode,
    annotate_sequence,
    choose_modes,
    run_annotator,
)
from fcot_engine.evaluation.calibration import CalibrationReport, calibrate, fit_curve
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
from fcot_engine.evaluation.opencv_peers import NANO_FILES, OpenCvPeer, find_peers
from fcot_engine.evaluation.reliability import (
    Reliability,
    ReliabilityBin,
    assess,
    draw_reliability,
)
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore
from fcot_engine.evaluation.run import (
    EvaluationProgress,
    OnePass,
    evaluate,
    run_one_pass,
)
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences, load_sequence
from fcot_engine.evaluation.speed import (
    N_BLOCKS,
    LongBlock,
    Peer,
    SpeedConfig,
    SpeedFigures,
    draw_long,
    measure_long,
    measure_speed,
    use_threads,
)
from fcot_engine.evaluation.speed_clip import (
    Clip,
    Timings,
    make_sample_clip,
    read_clip,
)

__all__ = [
    "ALL_MODES",
    "ANNOTATOR_MODES",
    "CRITERIA",
    "NANO_FILES",
    "N_BLOCKS",
    "TABLES",
    "AblatedNet",
    "Ablation",
    "AblationReport",
    "AblationRow",
    "AblationRun",
    "AblationTable",
    "Accuracy",
    "AnnotatedSequence",
    "AnnotationReport",
    "AnnotatorConfig",
    "AnnotatorMode",
    "CalibrationReport",
    "Clip",
    "EffortConfig",
    "EffortMode",
    "EvalSequence",
    "EvaluationProgress",
    "EvaluationReport",
    "FrameRecord",
    "LongBlock",
    "ModeOutcome",
    "OnePass",
    "OpenCvPeer",
    "Peer",
    "Reliability",
    "ReliabilityBin",
    "SequenceScore",
    "SpeedConfig",
    "SpeedFigures",
    "Timings",
    "WorkListFigures",
    "annotate_sequence",
    "assess",
    "calibrate",
    "center_distances",
    "check_work_list",
    "choose_modes",
    "choose_tables",
    "count_runs",
    "describe_pass",
    "draw_long",
    "draw_reliability",
    "evaluate",
    "find_peers",
    "find_sequences",
    "fit_curve",
    "is_visible",
    "load_sequence",
    "make_sample_clip",
    "measure",
    "measure_effort",
    "measure_linear_effort",
    "measure_long",
    "measure_speed",
    "overlaps",
    "read_clip",
    "read_records",
    "records_to_csv",
    "run_ablation",
    "run_annotator",
    "run_one_pass",
    "tabulate_annotation",
    "use_threads",
]
