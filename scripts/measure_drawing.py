"""Measure how long a person waits for the tracker in napari's window.

    python scripts/measure_drawing.py [PRESET ...]

Opens a copy of the sample video in a window with our panel, takes the box in the first
frame as it comes from the mouse, and tracks to the end, while each frame is shown; then
corrects the box in the middle. Prints for each preset (lite and base by default) the
time from the released mouse until the box of the next frame is painted, for both, and
the frames/s of the run beside those of the same run without a window. Every wait has a
limit. Needs a screen, or `xvfb-run`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QWidget

from fcot_engine.annotation import AnnotationSession, FrameDone
from fcot_engine.geometry import BoxXywh
from fcot_engine.sample import make_sample_video
from fcot_engine.tracker import MultiTracker
from fcot_engine.video import open_frames
from napari_fcot.layers import PATH_KEY, find_canvas, source_layer_data
from napari_fcot.tracking import Activity, TrackerChoice, TrackingController
from napari_fcot.widgets import TrackingWidget

LONGEST_S = 120.0
"""A wait that takes longer ends the script."""
GOAL_S, GOAL_SHARE = 0.7, 0.8


class PaintCount(QObject):
    """Counts how often the canvas, or what lies over it, was painted."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.count = 0
        for widget in (canvas, *canvas.findChildren(QWidget)):
            widget.installEventFilter(self)

    def eventFilter(  # noqa: N802
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Let everything through."""
        if event is not None and event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    """Let Qt work until something holds."""
    end = time.perf_counter() + LONGEST_S
    while not condition():
        QApplication.processEvents()
        time.sleep(0.004)  # the worker needs the interpreter, too
        if time.perf_counter() > end:
            raise SystemExit(f"Waited for {LONGEST_S:.0f} s for {what}.")


def measure_window(path: Path, box_xywh: BoxXywh, preset: str) -> dict[str, float]:
    """Draw, track and correct in a window."""
    viewer = napari.Viewer()
    viewer.window.resize(1366, 768)
    data, options, _ = source_layer_data(open_frames(path), **{PATH_KEY: str(path)})
    viewer.add_image(data, **options)
    canvas = find_canvas(viewer.window._qt_window)
    if canvas is None:
        raise SystemExit("napari's window has no canvas.")
    controller = TrackingController()
    controller.trackers.choice = TrackerChoice(preset=preset)
    panel = TrackingWidget(viewer, controller)
    controller.trackers.choice = TrackerChoice(preset=preset)
    viewer.window.add_dock_widget(panel, name="Track boxes", area="right")
    runs, session = controller.runs, controller.state.session
    if session is None:
        raise SystemExit("The panel has not taken the video.")
    wait_for("the network", lambda: not runs.is_preparing)
    painted = PaintCount(canvas)
    done: list[int] = []
    runs.frame_tracked.connect(done.append)

    def wait_for_box(start: float, frame_index: int) -> float:
        wait_for("a box", lambda: len(done) > 0)
        if controller.state.frame_index != frame_index:  # else the run shows it
            viewer.dims.set_current_step(0, frame_index)
        before = painted.count
        panel.link.refresh()
        canvas.update()
        wait_for("the canvas", lambda: painted.count > before)
        return time.perf_counter() - start

    start = time.perf_counter()
    controller.edits.draw_box(box_xywh, frame_index=0)
    if not runs.start_tracking():
        raise SystemExit(f"The run did not begin: {controller.state.message}")
    first_s = wait_for_box(start, 1)
    panel.run.form.change(follow=True)
    begin, n_before = time.perf_counter(), len(done)
    wait_for("the end of the run", lambda: runs.activity is Activity.IDLE)
    rate = (len(done) - n_before) / (time.perf_counter() - begin)
    middle = session.n_frames // 2
    viewer.dims.set_current_step(0, middle)
    wait_for("the frame", lambda: controller.state.frame_index == middle)
    box = controller.state.current_box
    if box is None:
        raise SystemExit("There is no box in the middle of the video.")
    wait_for("the worker", lambda: not panel.runner.is_busy)
    x, y, w, h = box.box_xywh
    done.clear()
    start = time.perf_counter()
    controller.edits.draw_box((x + 2, y + 1, w, h), frame_index=middle)
    correction_s = wait_for_box(start, middle + 1)
    wait_for("the correction", lambda: runs.activity is Activity.IDLE)
    wait_for("the worker", lambda: not panel.runner.is_busy)
    viewer.close()
    return {"first box": first_s, "correction": correction_s, "window": rate}


def measure_headless(path: Path, box_xywh: BoxXywh, preset: str) -> float:
    """Track the same without a window; return the frames/s."""
    session = AnnotationSession(
        open_frames(path), lambda: MultiTracker[int].from_preset(preset)
    )
    target = session.edit.add_target()
    session.edit.draw_box(target, 0, box_xywh)
    times = [
        time.perf_counter()
        for event in session.propagate(0)
        if isinstance(event, FrameDone)
    ]
    session.close()
    return (len(times) - 1) / (times[-1] - times[0])


def write_sample(path: Path) -> BoxXywh:
    """Write the sample video as a file; return its first box."""
    import av

    sample = make_sample_video()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.height, stream.width = sample.frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for picture in sample.frames:
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    x, y, w, h = (float(value) for value in sample.boxes_xywh[0])
    return x, y, w, h


def main(presets: list[str]) -> None:
    """Measure and print a table in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "sample.mp4"
        box_xywh = write_sample(original)
        print(
            f"goals: {GOAL_S} s until the next box, {GOAL_SHARE:.0%} of the frames/s; "
            f"load at the start {os.getloadavg()[0]:.1f}\n"
        )
        print("| preset | first box | correction | in the window | without | share |")
        print("|---|---|---|---|---|---|")
        for preset in presets:
            path = Path(folder) / f"{preset}.mp4"
            shutil.copy(original, path)  # its project is written beside it
            alone = measure_headless(original, box_xywh, preset)
            found = measure_window(path, box_xywh, preset)
            print(
                f"| {preset} | {found['first box']:.2f} s | "
                f"{found['correction']:.2f} s | {found['window']:.1f} frames/s | "
                f"{alone:.1f} | {found['window'] / alone:.0%} |",
                flush=True,
            )
        print(f"\nload at the end {os.getloadavg()[0]:.1f}", flush=True)
    os._exit(0)  # napari's windows need no farewell here


if __name__ == "__main__":
    main(sys.argv[1:] or ["lite", "base"])
