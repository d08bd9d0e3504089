"""A scripted annotator that finishes a sequence with an `AnnotationSession`.

It knows the truth, and uses it as a person uses the picture: to draw, and to see
whether a box is good. It draws the first box, looks at what comes of it, and redraws
frames until all are good; after each box it is noted which criteria are met.

- A: mean IoU 0.7 or more, and 95 % of the frames 0.5 or more
- B: every frame 0.5 or more
- C: every frame 0.7 or more

Frames without truth count for nothing, drawn ones as good.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fcot_engine.annotation import AnnotationSession, TrackerFactory, are_human
from fcot_engine.errors import BoxError, ConfigError
from fcot_engine.evaluation.annotation_methods import (
    AnnotationMethod,
    InterpolatingMethod,
    RestartingMethod,
    TeachingMethod,
)
from fcot_engine.evaluation.annotation_report import (
    CRITERIA,
    AnnotatedSequence,
    ModeOutcome,
    WorkListFigures,
    check_work_list,
)
from fcot_engine.evaluation.metrics import center_distances, is_visible, overlaps
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences
from fcot_engine.geometry import BoxXywh, check_box_in_frame

Rule = Literal["worklist", "in-order", "worst"]
"""Which frame is redrawn next.

- worklist: those the session offers; one that is good is passed over. When it offers
  none, the first bad one in order.
- in-order: the first bad one.
- worst: the one with the lowest IoU, the farthest off among equal ones.
"""


@dataclass(frozen=True)
class AnnotatorMode:
    """What a drawn box does, and which one is drawn next."""

    method: Literal["teach", "restart", "linear"]
    rule: Rule


ANNOTATOR_MODES: Mapping[str, AnnotatorMode] = {
    "worklist": AnnotatorMode("teach", "worklist"),
    "in-order": AnnotatorMode("teach", "in-order"),
    "worst": AnnotatorMode("teach", "worst"),
    "restart": AnnotatorMode("restart", "worklist"),
    "restart-in-order": AnnotatorMode("restart", "in-order"),
    "restart-worst": AnnotatorMode("restart", "worst"),
    "linear": AnnotatorMode("linear", "worst"),
}
"""By the name that `fcot eval --annotate-mode` takes."""

ALL_MODES = ("worklist", "in-order", "restart", "linear")
"""What `all` stands for."""


@dataclass(frozen=True, kw_only=True)
class AnnotatorConfig:
    """What the annotator asks for."""

    min_iou: float = 0.7
    """IoU from which a box is left as it is."""
    max_box_share: float = 1 / 3
    """Boxes for each frame at which the annotator gives up."""

    def __post_init__(self) -> None:
        if not 0.7 <= self.min_iou <= 1:
            raise ConfigError(
                f"min_iou must be from 0.7, which criterion C asks for, to 1; got "
                f"{self.min_iou}."
            )
        if not 0 < self.max_box_share <= 1:
            raise ConfigError(
                "max_box_share must be above 0 and at most 1, got "
                f"{self.max_box_share}."
            )

    def max_boxes(self, n_frames: int) -> int:
        """Boxes at which the annotator gives up."""
        return max(math.ceil(self.max_box_share * n_frames), 2)


def _find_mode(name: str) -> AnnotatorMode:
    """Return the mode of a name.

    Raises:
        ConfigError: there is none.
    """
    if name not in ANNOTATOR_MODES:
        known = ", ".join(("all", *ANNOTATOR_MODES))
        raise ConfigError(f"There is no annotator mode {name!r}; choose from {known}.")
    return ANNOTATOR_MODES[name]


def choose_modes(names: Iterable[str]) -> tuple[str, ...]:
    """Return modes by name, each once; `all` stands for `ALL_MODES`.

    Raises:
        ConfigError: there is no such mode.
    """
    chosen: dict[str, None] = {}
    for name in names:
        if name != "all":
            _find_mode(name)
        chosen |= dict.fromkeys(ALL_MODES if name == "all" else (name,))
    return tuple(chosen)


def run_annotator(
    root: Path,
    make_tracker: TrackerFactory,
    sequences: Iterable[str] | None = None,
    *,
    modes: Sequence[str] = ALL_MODES,
    config: AnnotatorConfig | None = None,
    max_frames: int | None = None,
    on_frame: Callable[[str, str], None] | None = None,
    on_sequence: Callable[[AnnotatedSequence], None] | None = None,
) -> tuple[AnnotatedSequence, ...]:
    """Annotate sequences with ground truth in one or more modes.

    Args:
        root: the folder of the sequences, see `evaluation.sequences`.
        make_tracker: gives a fresh tracker; called up to twice for each sequence and
            mode.
        sequences: names to run; all when None.
        modes: names of `ANNOTATOR_MODES`.
        config: what the annotator asks for.
        max_frames: use only the first frames of each sequence.
        on_frame: told sequence and mode for each frame that a tracker has looked at.
        on_sequence: told about each sequence when all modes are done.

    Raises:
        ConfigError: a mode is unknown, or `max_frames` is below 2.
        VideoError: the folder or a sequence cannot be read.
        FrameError: an image cannot be decoded.
    """
    chosen = choose_modes(modes)
    found = find_sequences(root, sequences)
    if max_frames is not None:
        found = [sequence.cut_to(max_frames) for sequence in found]
    done = []
    for sequence in found:
        outcomes = tuple(
            annotate_sequence(
                sequence,
                make_tracker,
                mode,
                config=config,
                on_frame=_bind(on_frame, sequence, mode),
            )
            for mode in chosen
        )
        done.append(AnnotatedSequence(sequence.name, len(sequence), outcomes))
        if on_sequence is not None:
            on_sequence(done[-1])
    return tuple(done)


def _bind(
    on_frame: Callable[[str, str], None] | None, sequence: EvalSequence, mode: str
) -> Callable[[], None]:
    def tell() -> None:
        if on_frame is not None:
            on_frame(sequence.name, mode)

    return tell


def _ignore() -> None:
    """Tell nobody that a frame is done."""


def annotate_sequence(
    sequence: EvalSequence,
    make_tracker: TrackerFactory,
    mode: str,
    *,
    config: AnnotatorConfig | None = None,
    on_frame: Callable[[], None] = _ignore,
) -> ModeOutcome:
    """Annotate a sequence until criterion C is met, and count the boxes.

    Args:
        sequence: the frames and their truth.
        make_tracker: see `AnnotationSession`.
        mode: a name of `ANNOTATOR_MODES`.
        config: what the annotator asks for.
        on_frame: called for each frame that a tracker has looked at.

    Raises:
        ConfigError: there is no such mode.
        FrameError: an image cannot be decoded.
        BoxError: the first true box cannot be drawn.
    """
    config = config or AnnotatorConfig()
    chosen = _find_mode(mode)
    method = _make_method(chosen, on_frame)
    begin = time.perf_counter()
    with _open_session(sequence, make_tracker, method) as session:
        annotator = _Annotator(session, sequence, method, chosen.rule, config)
        annotator.annotate()
    return annotator.outcome(mode, time.perf_counter() - begin)


def _make_method(mode: AnnotatorMode, on_frame: Callable[[], None]) -> AnnotationMethod:
    if mode.method == "linear":
        return InterpolatingMethod()
    if mode.method == "restart":
        return RestartingMethod(on_frame)
    return TeachingMethod(on_frame)


@contextmanager
def _open_session(
    sequence: EvalSequence, make_tracker: TrackerFactory, method: AnnotationMethod
) -> Iterator[AnnotationSession]:
    """Give a session with a project file that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="fcot-annotate-") as folder:
        session = AnnotationSession.create(
            sequence,
            method.wrap(make_tracker),
            Path(folder) / "sequence.fcot",
            config=method.config,
        )
        try:
            yield session
        finally:
            session.close()


class _Annotator:
    """Draws boxes of one target until all is good."""

    def __init__(
        self,
        session: AnnotationSession,
        sequence: EvalSequence,
        method: AnnotationMethod,
        rule: Rule,
        config: AnnotatorConfig,
    ) -> None:
        self._session = session
        self._truth = sequence.truth_xywh
        self._boxes = _drawable_boxes(session, sequence.truth_xywh)
        self._counted = np.zeros(len(sequence), np.bool_)
        self._counted[list(self._boxes)] = True
        self._method = method
        self._rule = rule
        self._config = config
        self._target_id = session.edit.add_target(sequence.name)
        self._looks = 0
        self._n_unlisted = 0
        self._met: dict[str, tuple[int, int]] = {}
        self._work_list: WorkListFigures | None = None

    def annotate(self) -> None:
        """Draw until criterion C is met, or too many boxes are drawn."""
        self._method.begin(self._session, self._target_id, self._boxes)
        self._looks = self._n_boxes
        ious = self._note()
        if not isinstance(self._method, InterpolatingMethod):
            self._work_list = check_work_list(self._session, self._target_id, ious)
        max_boxes = self._config.max_boxes(len(self._truth))
        while "C" not in self._met and self._n_boxes < max_boxes:
            frame = self._choose(ious)
            self._method.redraw(
                self._session, self._target_id, frame, self._boxes[frame]
            )
            ious = self._note()

    def outcome(self, mode: str, seconds: float) -> ModeOutcome:
        """Say what was needed."""
        return ModeOutcome(
            mode=mode,
            boxes={name: boxes for name, (boxes, _) in self._met.items()},
            looks={name: looks for name, (_, looks) in self._met.items()},
            n_boxes=self._n_boxes,
            n_looks=self._looks,
            n_unlisted=self._n_unlisted,
            seconds=round(seconds, 2),
            work_list=self._work_list,
        )

    @property
    def _n_boxes(self) -> int:
        return self._session.n_human_boxes

    def _note(self) -> NDArray[np.float64]:
        """Note which criteria are met by now; return the IoU of each frame."""
        ious = self._measure()
        for name, is_met in CRITERIA.items():
            if name not in self._met and is_met(ious[self._counted]):
                self._met[name] = self._n_boxes, self._looks
        return ious

    def _measure(self) -> NDArray[np.float64]:
        """IoU of each frame: 0 without a box, 1 where drawn, NaN without truth."""
        rows = self._rows()
        ious = overlaps(rows["box"], self._truth)
        ious[rows["origin"] == 0] = 0.0
        ious[are_human(rows)] = 1.0  # a true box may reach over the border
        ious[~self._counted] = np.nan
        return ious

    def _rows(self) -> NDArray[np.void]:
        table = self._session.annotations[self._target_id].boxes
        return table.take(np.arange(len(self._truth)))

    def _choose(self, ious: NDArray[np.float64]) -> int:
        """Return a frame that is not good enough yet."""
        if self._rule == "worklist":
            return self._follow_list(ious)
        self._looks += 1
        return self._first_bad(ious) if self._rule == "in-order" else self._worst(ious)

    def _follow_list(self, ious: NDArray[np.float64]) -> int:
        """Look at the frames that are offered up to a bad one."""
        while (stop := self._session.next_stop()) is not None:
            self._looks += 1
            if ious[stop.frame_index] < self._config.min_iou:  # NaN is never below
                return stop.frame_index
            self._session.pass_over(stop)
        self._looks += 1
        self._n_unlisted += 1
        return self._first_bad(ious)

    def _first_bad(self, ious: NDArray[np.float64]) -> int:
        return int(np.flatnonzero(ious < self._config.min_iou)[0])

    def _worst(self, ious: NDArray[np.float64]) -> int:
        rows = self._rows()
        off = center_distances(rows["box"], self._truth)
        off[rows["origin"] == 0] = 0.0
        places = np.flatnonzero(self._counted)
        return int(places[np.lexsort((-off[places], ious[places]))[0]])


def _drawable_boxes(
    session: AnnotationSession, truth_xywh: NDArray[np.float64]
) -> dict[int, BoxXywh]:
    """Return the true boxes by frame, without those that nobody could draw.

    Raises:
        BoxError: the first one is among these.
    """
    width, height = session.source.width, session.source.height
    boxes: dict[int, BoxXywh] = {}
    for frame in np.flatnonzero(is_visible(truth_xywh)).tolist():
        try:
            boxes[frame] = check_box_in_frame(
                truth_xywh[frame].tolist(), width=width, height=height
            )
        except BoxError:
            if frame == 0:
                raise
    return boxes
