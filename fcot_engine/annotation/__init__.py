"""Annotating a video: targets, boxes, corrections, undo, and a project file.

`AnnotationSession` is the way in; nothing here needs a screen.
"""

from __future__ import annotations

from fcot_engine.annotation.boxes import (
    Box,
    BoxTable,
    Maker,
    Makers,
    Origin,
    Rows,
    are_human,
    empty_rows,
)
from fcot_engine.annotation.changes import (
    By,
    Edit,
    TargetReport,
    is_lesson,
    touched_frames,
)
from fcot_engine.annotation.document import (
    Document,
)
from fcot_engine.annotation.editor import (
    Editor,
)
from fcot_engine.annotation.imported_tracks import (
    Imported,
    ReadTracks,
)
from fcot_engine.annotation.project import (
    PROJECT_SUFFIX,
    Project,
    find_video_of,
    is_project_done,
    project_path_for,
)
from fcot_engine.annotation.project_reports import (
    EffortReport,
    annotations_to_json,
    report_effort,
    write_project_json,
)
from fcot_engine.annotation.propagation import (
    Direction,
    FrameDone,
    Fused,
    Note,
    NoteKind,
    Overwrite,
    PropagationConfig,
    RunEvent,
    Stage,
    Until,
)
from fcot_engine.annotation.run import (
    Run,
)
from fcot_engine.annotation.score_peaks import (
    ScorePeak,
    box_around,
    find_peaks,
    nearest_peak,
)
from fcot_engine.annotation.self_check import (
    HeldOut,
    SelfCheck,
)
from fcot_engine.annotation.session import (
    AnnotationSession,
)
from fcot_engine.annotation.targets import (
    PALETTE,
    AnnotatedTarget,
    Annotations,
    AttributeValue,
    Rejection,
    Span,
    SpanKind,
    Spans,
    TargetInfo,
    add_span,
    colour_of,
    join_spans,
    name_of,
    take_out_frames,
)
from fcot_engine.annotation.tracker_pool import (
    TargetTracker,
    TrackerFactory,
    TrackerPool,
)
from fcot_engine.annotation.video_identity import (
    VideoIdentity,
    identify_video,
)
from fcot_engine.annotation.work_list import (
    FEATURES,
    RiskModel,
    WorkListConfig,
    WorkStop,
    list_work,
)

__all__ = [
    "FEATURES",
    "PALETTE",
    "PROJECT_SUFFIX",
    "AnnotatedTarget",
    "AnnotationSession",
    "Annotations",
    "AttributeValue",
    "Box",
    "BoxTable",
    "By",
    "Direction",
    "Document",
    "Edit",
    "Editor",
    "EffortReport",
    "FrameDone",
    "Fused",
    "HeldOut",
    "Imported",
    "Maker",
    "Makers",
    "Note",
    "NoteKind",
    "Origin",
    "Overwrite",
    "Project",
    "PropagationConfig",
    "ReadTracks",
    "Rejection",
    "RiskModel",
    "Rows",
    "Run",
    "RunEvent",
    "ScorePeak",
    "SelfCheck",
    "Span",
    "SpanKind",
    "Spans",
    "Stage",
    "TargetInfo",
    "TargetReport",
    "TargetTracker",
    "TrackerFactory",
    "TrackerPool",
    "Until",
    "VideoIdentity",
    "WorkListConfig",
    "WorkStop",
    "add_span",
    "annotations_to_json",
    "are_human",
    "box_around",
    "colour_of",
    "empty_rows",
    "find_peaks",
    "find_video_of",
    "identify_video",
    "is_lesson",
    "is_project_done",
    "join_spans",
    "list_work",
    "name_of",
    "nearest_peak",
    "project_path_for",
    "report_effort",
    "take_out_frames",
    "touched_frames",
    "write_project_json",
]
