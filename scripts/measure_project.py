"""Measure how long a large annotation project takes to open and edit.

    python scripts/measure_project.py [FRAMES] [TARGETS]

Makes a project in a temporary folder (20,000 frames and 10 targets by default, each
target drawn every 500 frames and tracked in between) and prints a table in Markdown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from fcot_engine.annotation import (
    Document,
    Maker,
    Origin,
    Project,
    Rows,
    VideoIdentity,
    edits,
    empty_rows,
    list_work,
)

_DRAWN_EVERY = 500
T = TypeVar("T")


def main(n_frames: int, n_targets: int) -> None:
    """Build the project and print what each step takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.fcot"
        video = VideoIdentity("frames", "large", n_frames, 1920, 1080, 0, "none")
        document = Document(Project.create(path, video))
        fill(document, n_frames, n_targets)
        document.close()
        rows = []
        seconds, project = clock(lambda: Project.open(path, read_only=True))
        rows.append(("open for looking", seconds))
        seconds, project = clock(lambda: Project.open(path))
        rows.append(("open", seconds))
        document = Document(project)
        edit = edits.draw_box(document.annotations, 1, 250, (5.0, 5.0, 50.0, 50.0))
        rows.append(("draw a box, on the disk", clock(lambda: document.do(edit))[0]))
        rows.append(("undo it", clock(document.undo)[0]))
        rows.append(("undo the run of all targets", clock(document.undo)[0]))
        rows.append(("redo it", clock(document.redo)[0]))
        seconds, stops = clock(lambda: list_work(document.annotations))
        rows.append((f"work list of {len(stops)} stops", seconds))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        document.close()
    print(f"{n_frames} frames x {n_targets} targets, {size / 2**20:.1f} MiB\n")
    print("| step | time |\n|---|---|")
    for name, seconds in rows:
        print(f"| {name} | {1000 * seconds:.0f} ms |")


def fill(document: Document, n_frames: int, n_targets: int) -> None:
    """Draw every so often, and put tracked boxes everywhere as one run."""
    for _ in range(n_targets):
        target_id = document.annotations.next_id
        document.do(edits.add_target(document.annotations))
        for frame in range(0, n_frames, _DRAWN_EVERY):
            box = (frame % 900 + 0.5, 20.25, 60.0, 40.0)
            document.do(edits.draw_box(document.annotations, target_id, frame, box))
    maker = document.annotations.makers.number_of(Maker("fcot", weights="measured"))
    frames = np.arange(n_frames)
    rng = np.random.default_rng(0)
    found = {
        target.target_id: (frames, make_rows(rng, n_frames, maker))
        for target in document.annotations
    }
    document.do(
        edits.put_found(document.annotations, found, kind="run", text="measured")
    )


def make_rows(rng: np.random.Generator, count: int, maker: int) -> Rows:
    """Return boxes as a tracker gives them."""
    rows = empty_rows(count)
    rows["origin"] = Origin.TRACKED
    rows["maker"] = maker
    walk = rng.normal(0, 2, (count, 2)).cumsum(axis=0)
    rows["box"][:, :2] = walk.astype(np.float32)
    rows["box"][:, 2:] = (40 + 20 * rng.random((count, 2))).astype(np.float32)
    rows["score"] = rng.random(count)
    rows["second_ratio"] = rng.random(count)
    rows["disagreement"] = rng.random(count)
    return rows


def clock(call: Callable[[], T]) -> tuple[float, T]:
    """Return how long a call took, in seconds, and its answer."""
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [20_000, 10][len(numbers) :]))
