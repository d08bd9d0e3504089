"""Annotate sequences as a person would, and keep the projects.

    python scripts/write_corrected_project.py SEQUENCES --out FOLDER --names dog,deer

For each sequence (see `fcot_engine.evaluation.sequences`) a project is begun on its
images. A scripted annotator, who knows the truth, draws the first box, carries it to
the end, then goes through the frames in order and redraws the first one whose IoU is
below 0.7, until none is or one frame in five is drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fcot_engine.annotation import PROJECT_SUFFIX, AnnotationSession, TrackerFactory
from fcot_engine.config import find_preset
from fcot_engine.evaluation import EvalSequence, find_sequences, is_visible, overlaps
from fcot_engine.model import load_network
from fcot_engine.tracker import MultiTracker, default_weights
from fcot_engine.video import open_frames

_GOOD_IOU = 0.7
_MOST_DRAWN = 0.2


def main() -> None:
    """Read the command line and annotate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="folder of the sequences")
    parser.add_argument("--out", type=Path, required=True, help="folder of projects")
    parser.add_argument("--names", required=True, help="sequences, with commas")
    parser.add_argument("--preset", default="lite")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    network = load_network(default_weights(args.preset))
    settings = find_preset(args.preset).tracker
    for sequence in find_sequences(args.root, args.names.split(",")):
        path = args.out / f"{sequence.name}{PROJECT_SUFFIX}"
        drawn = annotate(
            sequence,
            path,
            lambda: MultiTracker(network, settings, keep_score_maps=False),
        )
        print(f"{path}: {drawn} boxes drawn in {len(sequence)} frames")


def annotate(sequence: EvalSequence, path: Path, make_tracker: TrackerFactory) -> int:
    """Make one project; returns the number of boxes drawn."""
    images = sequence.image_paths[0].parent
    source = open_frames(images)
    session = AnnotationSession.create(source, make_tracker, path, video_path=images)
    try:
        target = session.edit.add_target(sequence.name)
        session.edit.draw_box(target, 0, sequence.truth_xywh[0].tolist())
        for _ in session.propagate(0):
            pass
        most = max(2, int(_MOST_DRAWN * len(sequence)))
        while session.n_human_boxes < most:
            bad = find_bad_frame(session, target, sequence)
            if bad is None:
                break
            for _ in session.correct(target, bad, sequence.truth_xywh[bad].tolist()):
                pass
        return session.n_human_boxes
    finally:
        session.close()
        source.close()


def find_bad_frame(
    session: AnnotationSession, target: int, sequence: EvalSequence
) -> int | None:
    """The first frame that a person would draw again, or None."""
    table = session.annotations[target].boxes
    rows = table.take(np.arange(len(sequence)))
    ious = overlaps(rows["box"], sequence.truth_xywh)
    ious[table.human_frames()] = 1.0  # a true box may reach over the border
    bad = np.flatnonzero(is_visible(sequence.truth_xywh) & (ious < _GOOD_IOU))
    return int(bad[0]) if len(bad) else None


if __name__ == "__main__":
    main()
