"""Running a tracker over many sequences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import (
    AnnotationSession,
    FrameDone,
    PropagationConfig,
    TargetTracker,
    TrackerFactory,
)
from fcot_engine.evaluation._wrapped_tracker import WrappedTracker
from fcot_engine.evaluation.effort import (
    EffortConfig,
    measure_effort,
    measure_linear_effort,
)
from fcot_engine.evaluation.frame_records import FrameRecord, describe_pass
from fcot_engine.evaluation.metrics import measure, overlaps
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences
from fcot_engine.tracker import TrackResult


def _ignore() -> None:
    """Tell nobody that a frame is done."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class OnePass:
    """What came out of tracking from the first box to the end, without help."""

    results: tuple[TrackResult, ...]
    """The given box and what was found after it, one a frame, without score maps."""
    seconds: float
    """Time within `track`, reading of frames not counted."""

    @property
    def boxes_xywh(self) -> NDArray[np.float64]:
        """The given box and those found, shape (n, 4)."""
        boxes = [result.box_xywh for result in self.results]
        return np.array(boxes, dtype=np.float64)

    @property
    def frames_per_second(self) -> float:
        """Tracked frames per second."""
        return (len(self.results) - 1) / max(self.seconds, 1e-9)


class _Recorder(WrappedTracker):
    """Notes all that is found of one target, and how long it takes."""

    def __init__(self, tracker: TargetTracker) -> None:
        super().__init__(tracker)
        self.results: list[TrackResult] = []
        self.seconds = 0.0

    def init(
        self,
        target_id: int,
        frame: NDArray[np.uint8],
        box_xywh: Sequence[float],
        /,
        *,
        not_boxes: Sequence[Sequence[float]] = (),
    ) -> TrackResult:
        given = super().init(target_id, frame, box_xywh, not_boxes=not_boxes)
        self.results = [given]
        return given

    def track(
        self, frame: NDArray[np.uint8], target_ids: Sequence[int] | None = None, /
    ) -> dict[int, TrackResult]:
        begin = time.perf_counter()
        found = super().track(frame, target_ids)
        self.seconds += time.perf_counter() - begin
        self.results += [replace(one, score_maps=None) for one in found.values()]
        return found


def run_one_pass(
    tracker: TargetTracker,
    sequence: EvalSequence,
    on_frame: Callable[[], None] = _ignore,
) -> OnePass:
    """Start on the first true box and track to the end, as a session does.

    Args:
        tracker: fresh, or one that forgets on `init`.
        sequence: the frames and their truth.
        on_frame: called after each frame.
    """
    recorder = _Recorder(tracker)
    session = AnnotationSession(
        sequence,
        lambda: recorder,
        config=PropagationConfig(stop_at_cuts=False),
    )
    target_id = session.edit.add_target(sequence.name)
    session.edit.draw_box(target_id, 0, sequence.truth_xywh[0].tolist())
    on_frame()
    for event in session.propagate(0):
        if isinstance(event, FrameDone):
            on_frame()
    return OnePass(tuple(recorder.results), recorder.seconds)


@dataclass(frozen=True)
class EvaluationProgress:
    """How far an evaluation is."""

    sequence: str
    """Name of the one under way."""
    frames_done: int
    """Over all sequences and passes."""
    frames_total: int


def evaluate(
    root: Path,
    make_tracker: TrackerFactory,
    sequences: Iterable[str] | None = None,
    *,
    effort: EffortConfig | None = None,
    max_frames: int | None = None,
    on_progress: Callable[[EvaluationProgress], None] | None = None,
    on_score: Callable[[SequenceScore], None] | None = None,
    on_records: Callable[[list[FrameRecord]], None] | None = None,
) -> EvaluationReport:
    """Measure a tracker on sequences with ground truth.

    Args:
        root: the folder of the sequences, see `evaluation.sequences`.
        make_tracker: gives a fresh tracker, with `effort.settings` if there are any;
            called once a pass.
        sequences: names to run; all when None.
        effort: also count an annotator's boxes, by one more pass for each IoU asked
            for. A pass is left out where the tracker needs no help.
        max_frames: use only the first frames of each sequence.
        on_progress: told about each frame.
        on_score: told about each sequence when it is done.
        on_records: told what was seen in each frame of the first pass of a sequence.

    Raises:
        ConfigError: `max_frames` is below 2.
        VideoError: the folder or a sequence cannot be read.
        FrameError: an image cannot be decoded.
    """
    found = find_sequences(root, sequences)
    if max_frames is not None:
        found = [sequence.cut_to(max_frames) for sequence in found]
    passes = 1
    if effort is not None and effort.needs_tracker:
        passes += len(effort.min_ious)
    count = _Counter(passes * sum(len(sequence) for sequence in found), on_progress)
    scores = []
    for sequence in found:
        count.sequence = sequence.name
        score = _score(sequence, make_tracker, effort, count, on_records)
        scores.append(score)
        if on_score is not None:
            on_score(score)
    return EvaluationReport(tuple(scores), None if effort is None else effort.mode)


class _Counter:
    """Counts frames and passes the count on."""

    def __init__(
        self, total: int, on_progress: Callable[[EvaluationProgress], None] | None
    ) -> None:
        self.sequence = ""
        self._done = 0
        self._total = total
        self._on_progress = on_progress

    def __call__(self) -> None:
        self._done += 1
        if self._on_progress is not None:
            progress = EvaluationProgress(self.sequence, self._done, self._total)
            self._on_progress(progress)

    def skip(self, frames: int) -> None:
        """Count frames that need not be looked at."""
        for _ in range(frames):
            self()


def _score(
    sequence: EvalSequence,
    make_tracker: TrackerFactory,
    effort: EffortConfig | None,
    count: _Counter,
    on_records: Callable[[list[FrameRecord]], None] | None,
) -> SequenceScore:
    if effort is not None and not effort.needs_tracker:
        count.skip(len(sequence))
        efforts = {
            f"{min_iou:g}": measure_linear_effort(sequence.truth_xywh, min_iou=min_iou)
            for min_iou in effort.min_ious
        }
        return SequenceScore(sequence.name, len(sequence), effort=efforts)
    one_pass = run_one_pass(make_tracker(), sequence, count)
    if on_records is not None:
        on_records(describe_pass(sequence, one_pass))
    accuracy = measure(one_pass.boxes_xywh, sequence.truth_xywh)
    return SequenceScore(
        name=sequence.name,
        n_frames=len(sequence),
        auc=accuracy.auc,
        p20=accuracy.p20,
        sr50=accuracy.sr50,
        frames_per_second=one_pass.frames_per_second,
        effort=_measure_efforts(sequence, make_tracker, effort, one_pass, count),
    )


def _measure_efforts(
    sequence: EvalSequence,
    make_tracker: TrackerFactory,
    effort: EffortConfig | None,
    alone: OnePass,
    count: _Counter,
) -> dict[str, float]:
    """Boxes per 100 frames by the IoU asked for."""
    efforts: dict[str, float] = {}
    for min_iou in () if effort is None else effort.min_ious:
        assert effort is not None
        if _is_good_alone(sequence, alone, min_iou):
            count.skip(len(sequence))
            boxes = 100 / len(sequence)
        else:
            boxes = measure_effort(
                make_tracker(),
                sequence,
                min_iou=min_iou,
                mode=effort.mode,
                on_frame=count,
            )
        efforts[f"{min_iou:g}"] = boxes
    return efforts


def _is_good_alone(sequence: EvalSequence, alone: OnePass, min_iou: float) -> bool:
    """Whether no box after the first would be redrawn.

    Trackers answer the same each time, so a pass with help would be the same.
    """
    found = overlaps(alone.boxes_xywh[1:], sequence.truth_xywh[1:])
    return not bool((found < min_iou).any())  # NaN is never below
