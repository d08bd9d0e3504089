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
from dataclasses import replace

import numpy as np
from qtpy.QtWidgets import QApplication

from fcot_engine.annotation import Origin, Rows, Span, SpanKind, colour_of, empty_rows
from napari_fcot.timeline import (
    StopMark,
    TargetLine,
    TimelineColors,
    TimelineModel,
    TimelineView,
    TimelineWidget,
)

WIDTH_PX = 1366
ROW_PX = 17
REPEATS = 60
LOADS = 5
FRAME_OF_60_HZ_MS = 1e3 / 60


def main(n_frames: int, n_targets: int) -> None:
    """Fill a timeline, do each thing many times, print how long it took."""
    app = QApplication.instance() or QApplication([])
    model = TimelineModel()
    widget = TimelineWidget(model, TimelineColors.of_theme("dark"))
    widget.resize(WIDTH_PX, 60 + n_targets * ROW_PX)
    widget.show()
    ids = range(1, n_targets + 1)
    lines = [make_line(number, n_frames) for number in ids]
    boxes = {number: make_rows(number, n_frames) for number in ids}
    load_ms = min(load(model, lines, boxes) for _ in range(LOADS))
    model.mark_cuts(range(1000, n_frames, 1000))
    stops = np.linspace(10, n_frames - 10, 20, dtype=int).tolist()
    model.mark_stops(StopMark(f, 1 + i % n_targets) for i, f in enumerate(stops))
    app.processEvents()

    steps = {
        "repaint, nothing changed": repaint(widget.view),
        "repaint, everything drawn anew": draw_anew(widget),
        "zoom by one notch: reduce and draw anew": zoom(widget.view),
        "move the cursor by a frame": move_cursor(model, widget.view),
        "one new box": put_boxes(model, widget.view, n_rows=1),
        f"a new box of each of {n_targets} targets": put_boxes(
            model, widget.view, n_rows=n_targets
        ),
        "undo of a run: all boxes of a target": put_rows(model, widget.view, n_frames),
        "mark frames of a target occluded": mark_span(model, widget.view, lines),
        "drag out selected frames": select_frames(widget.view),
    }
    print(f"{n_frames} frames x {n_targets} targets, {widget.view.width()} pixels wide")
    print(f"one picture at 60 Hz lasts {FRAME_OF_60_HZ_MS:.1f} ms\n")
    print("| step | median | worst | median on the processor |\n|---|---|---|---|")
    print(f"| take all boxes of a session, best of {LOADS} | {load_ms:.0f} ms | | |")
    for name, step in steps.items():
        next(step)
        wall_ms, cpu_ms = zip(*(clock(step) for _ in range(REPEATS)), strict=True)
        median, cpu_median = statistics.median(wall_ms), statistics.median(cpu_ms)
        print(
            f"| {name} | {median:.2f} ms | {max(wall_ms):.2f} ms "
            f"| {cpu_median:.2f} ms |"
        )
    widget.close()


def load(
    model: TimelineModel, lines: list[TargetLine], boxes: dict[int, Rows]
) -> float:
    """Take a whole session; return how long that took, in ms."""
    start = time.perf_counter()
    model.reset(len(boxes[1]))
    model.show_targets(lines, selected_id=1)
    for number, rows in boxes.items():
        model.load(number, rows)
    return (time.perf_counter() - start) * 1e3


def make_line(number: int, n_frames: int) -> TargetLine:
    """A target that is occluded every 2000 frames, and once out of view."""
    hidden = [
        Span(first, first + 60, SpanKind.OCCLUDED)
        for first in range(700, n_frames - 100, 2000)
    ]
    away = Span(n_frames // 2, n_frames // 2 + 200, SpanKind.OUT_OF_VIEW)
    spans = tuple(sorted((*hidden, away), key=lambda span: span.first))
    return TargetLine(number, f"object {number}", colour_of(number), spans=spans)


def make_rows(number: int, n_frames: int) -> Rows:
    """A walking score; drawn every 500 frames, lost and interpolated now and then."""
    rng = np.random.default_rng(number)
    frames = np.arange(n_frames)
    rows = empty_rows(n_frames)
    rows["origin"] = Origin.TRACKED
    rows["box"] = (5, 5, 50, 50)
    rows["score"] = np.clip(0.7 + rng.normal(0, 0.02, n_frames).cumsum() % 0.3, 0, 1)
    rows["is_lost"] = frames % 3000 < 40
    rows["origin"][frames % 2500 < 30] = Origin.INTERPOLATED
    rows["origin"][frames % 500 == 0] = Origin.HUMAN
    rows[n_frames // 2 : n_frames // 2 + 201] = np.zeros((), rows.dtype)
    return rows


def repaint(view: TimelineView) -> Iterator[None]:
    """Put the kept picture on the screen again."""
    while True:
        view.canvas.repaint()
        yield


def draw_anew(widget: TimelineWidget) -> Iterator[None]:
    """Draw all in turns in a dark and a light theme."""
    themes = [TimelineColors.of_theme(theme) for theme in ("light", "dark")]
    while True:
        for colors in themes:
            widget.show_colors(colors)
            widget.view.canvas.repaint()
            yield


def zoom(view: TimelineView) -> Iterator[None]:
    """Reduce all frames to columns again, and draw them."""
    first, last = view.plot.frames_in_view
    while True:
        for cut_off in range(1, last // 4):
            view.plot.show_range((first + cut_off, last - cut_off))
            view.plot.draw_changed()
            view.canvas.repaint()
            yield


def move_cursor(model: TimelineModel, view: TimelineView) -> Iterator[None]:
    """Show frame after frame; Qt repaints what the cursor uncovers."""
    view.plot.show_all()
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
    view.plot.show_all()
    QApplication.processEvents()
    box = empty_rows(1)
    box["origin"], box["score"] = Origin.TRACKED, 0.1
    while True:
        for frame in range(7, model.n_frames, 13):
            for row in model.rows[:n_rows]:
                model.put_rows(row.target_id, frame, box)
            view.plot.draw_changed()
            QApplication.processEvents()
            yield


def put_rows(model: TimelineModel, view: TimelineView, n_frames: int) -> Iterator[None]:
    """Exchange all boxes of the first target, as undo and redo of a run do."""
    rows = make_rows(1, n_frames), make_rows(2, n_frames)
    while True:
        for found in rows:
            model.put_rows(1, 0, found)
            view.plot.draw_changed()
            QApplication.processEvents()
            yield


def mark_span(
    model: TimelineModel, view: TimelineView, lines: list[TargetLine]
) -> Iterator[None]:
    """Let a target be occluded, and not, in turns."""
    first = lines[0]
    without = replace(first, spans=first.spans[1:])
    while True:
        for line in (without, first):
            model.show_targets([line, *lines[1:]], 1)
            QApplication.processEvents()
            yield


def select_frames(view: TimelineView) -> Iterator[None]:
    """Select one frame more each time, and put that on the screen."""
    while True:
        for last in range(100, view.plot.frames_in_view[1], 20):
            view.select_range((100, last))
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
