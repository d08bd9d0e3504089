"""Running a tracker over many sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fcot_engine.evaluation.metrics import measure
from fcot_engine.evaluation.passes import measure_effort, run_one_pass
from fcot_engine.evaluation.report import EvaluationReport, SequenceScore
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences
from fcot_engine.session.tracker_like import TrackerLike

__all__ = ["EvaluationProgress", "evaluate"]

EFFORT_IOUS = (0.5, 0.7)


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
    make_tracker: Callable[[], TrackerLike],
    sequences: Iterable[str] | None = None,
    *,
    with_effort: bool = False,
    max_frames: int | None = None,
    on_progress: Callable[[EvaluationProgress], None] | None = None,
    on_score: Callable[[SequenceScore], None] | None = None,
) -> EvaluationReport:
    """Measure a tracker on sequences with ground truth.

    Args:
        root: the folder of the sequences, see `evaluation.sequences`.
        make_tracker: gives a fresh tracker; called once a pass.
        sequences: names to run; all when None.
        with_effort: also count an annotator's boxes, by two more passes.
        max_frames: use only the first frames of each sequence.
        on_progress: told about each frame.
        on_score: told about each sequence when it is done.

    Raises:
        ConfigError: `max_frames` is below 2.
        VideoError: the folder or a sequence cannot be read.
        FrameError: an image cannot be decoded.
    """
    found = find_sequences(root, sequences)
    if max_frames is not None:
        found = [sequence.cut_to(max_frames) for sequence in found]
    passes = 1 + (len(EFFORT_IOUS) if with_effort else 0)
    count = _Counter(passes * sum(len(sequence) for sequence in found), on_progress)
    scores = []
    for sequence in found:
        count.sequence = sequence.name
        score = _score(sequence, make_tracker, with_effort, count)
        scores.append(score)
        if on_score is not None:
            on_score(score)
    return EvaluationReport(tuple(scores))


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


def _score(
    sequence: EvalSequence,
    make_tracker: Callable[[], TrackerLike],
    with_effort: bool,
    on_frame: Callable[[], None],
) -> SequenceScore:
    one_pass = run_one_pass(make_tracker(), sequence, on_frame)
    accuracy = measure(one_pass.boxes_xywh, sequence.truth_xywh)
    efforts: list[float | None] = [
        measure_effort(make_tracker(), sequence, min_iou=iou, on_frame=on_frame)
        if with_effort
        else None
        for iou in EFFORT_IOUS
    ]
    return SequenceScore(
        name=sequence.name,
        n_frames=len(sequence),
        auc=accuracy.auc,
        p20=accuracy.p20,
        sr50=accuracy.sr50,
        frames_per_second=one_pass.frames_per_second,
        effort_50=efforts[0],
        effort_70=efforts[1],
    )
