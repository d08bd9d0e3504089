"""Measure what the timeline costs: repaints, cursor moves, new boxes, zooming.

    python scripts/measure_timeline.py [FRAMES] [TARGETS]

Shows the timeline alone (20,000 frames and 20 targets by default, 1366 pixels wide,
every row in sight) and prints a table in Markdown. Needs a screen, or
`QT_QPA_PLATFORM=offscreen`.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

import numpy as np
from qtpy.QtWidgets import QApplication

from fcot_engine.session.track_store import BoxOrigin, Track, TrackBox
from napari_fcot.timeline import TimelineModel, TimelineWidget
from napari_fcot.timeline.timeline_colors import TimelineColors
from napari_fcot.timeline.timeline_view import TimelineView

WIDTH_PX = 1366
ROW_PX = 17
REPEATS = 60
FRAME_OF_60_HZ_MS = 1e3 / 60


def main(n_frames: int, n_targets: int) -> None:
    """Fill a timeline, do each thing many times, print how long it took."""
    app = QApplication.instance() or QApplication([])
    model = TimelineModel()
    widget = TimelineWidget(model, TimelineColors.of_theme("dark"))
    widget.resize(WIDTH_PX, 60 + n_targets * ROW_PX)
    widget.show()
    tracks = [make_track(number, n_frames) for number in range(1, n_targets + 1)]
    start = time.perf_counter()
    model.reset(n_frames)
    model.show_targets(tracks, selected_id=1)
    load_ms = (time.perf_counter() - start) * 1e3
    app.processEvents()

    steps = {
        "repaint, nothing changed": repaint(widget.view),
        "repaint, everything drawn anew": draw_anew(widget.view),
        "zoom by one notch: reduce and draw anew": zoom(widget.view),
        "move the cursor by a frame": move_cursor(model, widget.view),
        "one new box": put_boxes(model, widget.view, n_rows=1),
        f"a new box of each of {n_targets} targets": put_boxes(
            model, widget.view, n_rows=n_targets
        ),
    }
    print(f"{n_frames} frames x {n_targets} targets, {widget.view.width()} pixels wide")
    print(f"one picture at 60 Hz lasts {FRAME_OF_60_HZ_MS:.1f} ms\n")
    print("| step | median | worst | median on the processor |\n|---|---|---|---|")
    print(f"| take all boxes of a session | {load_ms:.0f} ms | | |")
    for name, step in steps.items():
        next(step)
        wall_ms, cpu_ms = zip(*(clock(step) for _ in range(REPEATS)), strict=True)
        median, cpu_median = statistics.median(wall_ms), statistics.median(cpu_ms)
        print(
            f"| {name} | {median:.2f} ms | {max(wall_ms):.2f} ms "
            f"| {cpu_median:.2f} ms |"
        )
    widget.close()


def make_track(track_id: int, n_frames: int) -> Track:
    """A target with a walking score, drawn every 500 frames, lost now and then."""
    rng = np.random.default_rng(track_id)
    scores = np.clip(0.7 + rng.normal(0, 0.02, n_frames).cumsum() % 0.3, 0, 1)
    track = Track(track_id, "object")
    for frame, score in enumerate(scores.tolist()):
        is_drawn = frame % 500 == 0
        origin = BoxOrigin.HUMAN if is_drawn else BoxOrigin.TRACKED
        is_lost = not is_drawn and frame % 3000 < 40
        track.put(TrackBox(frame, (5, 5, 50, 50), origin, score, is_lost))
    return track


def repaint(view: TimelineView) -> Iterator[None]:
    """Put the kept picture on the screen again."""
    while True:
        view.canvas.repaint()
        yield


def draw_anew(view: TimelineView) -> Iterator[None]:
    """Draw all rows from their kept columns, such as in another theme."""
    while True:
        view.draw_anew()
        view.canvas.repaint()
        yield


def zoom(view: TimelineView) -> Iterator[None]:
    """Reduce all frames to columns again, and draw them."""
    n_frames = view.axis.n_frames
    while True:
        for cut_off in range(1, n_frames // 4):
            view.show_range((cut_off, n_frames - cut_off))
            view.canvas.repaint()
            yield


def move_cursor(model: TimelineModel, view: TimelineView) -> Iterator[None]:
    """Show frame after frame; Qt repaints what the cursor uncovers."""
    view.show_all()
    QApplication.processEvents()
    while True:
        for frame in range(0, model.n_frames, 31):
            model.show_frame(frame)
            QApplication.processEvents()
            yield


def put_boxes(
    model: TimelineModel, view: TimelineView, *, n_rows: int
) -> Iterator[None]:
    """Take new boxes, as while tracking, and draw what they change."""
    view.show_all()
    QApplication.processEvents()
    while True:
        for frame in range(7, model.n_frames, 13):
            box = TrackBox(frame, (5, 5, 50, 50), BoxOrigin.TRACKED, 0.1)
            for row in model.rows[:n_rows]:
                model.put(row.track_id, frame, box)
            view.draw_changed()
            QApplication.processEvents()
            yield


def clock(step: Iterator[None]) -> tuple[float, float]:
    """Return how long a step took by the clock and on the processor, in ms."""
    wall_s, cpu_s = time.perf_counter(), time.thread_time()
    next(step)
    return (time.perf_counter() - wall_s) * 1e3, (time.thread_time() - cpu_s) * 1e3


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [20_000, 20][len(numbers) :]))
