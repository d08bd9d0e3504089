"""Running the scripted annotator over many sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fcot_engine.annotation import TrackerFactory
from fcot_engine.evaluation.annotation_report import AnnotatedSequence
from fcot_engine.evaluation.annotator import annotate_sequence
from fcot_engine.evaluation.annotator_modes import (
    ALL_MODES,
    AnnotatorConfig,
    choose_modes,
)
from fcot_engine.evaluation.sequences import EvalSequence, find_sequences

__all__ = ["run_annotator"]


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
