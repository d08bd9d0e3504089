"""Measure what our layers add to a step from frame to frame in napari.

    python scripts/measure_stepping.py [STEPS] [TARGETS] [--parts]

Opens the same 1280x720 H.264 video in several napari windows, twice alone and once with
our panel, all targets boxed in every frame (10 by default), the heatmap and the
timeline. The windows take turns with each step, and another one begins each time, so
that whatever else the computer does meets all alike. A step counts from the change of
the frame until the canvas has been painted and no event is left.

Prints a table in Markdown: time by the clock, and time of the main thread on the
processor (what counts where a graphics card does the drawing), each with the ratio of
the medians to the video alone, and the quartiles of the ratios of single steps. The
second window with the video alone says how far to trust them. `--parts` adds windows
with some of the parts only. Needs a screen, or `xvfb-run`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QApplication, QWidget

from fcot_engine.annotation import Maker, Origin, Rows, edits, empty_rows
from fcot_engine.geometry import BoxXywh
from fcot_engine.tracker import ScoreMap, ScoreMaps
from fcot_engine.video import open_frames
from napari_fcot.layers import PATH_KEY, find_canvas, source_layer_data
from napari_fcot.tracking import ScoreMapStore, TrackingController
from napari_fcot.widgets import TrackingWidget

WIDTH, HEIGHT, N_FRAMES = 1280, 720, 120
WINDOW_SIZE = (1366, 768)
WARM_UP = 5
"""Steps that are not counted: programs are built, caches fill."""
LONGEST_S = 5.0
"""A canvas that is not painted in this time is taken as one that does not change."""
GOAL = 1.3


class PaintCount(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(  # noqa: N802
        self, watched: QObject | None, event: QEvent | None
    ) -> bool:
        """Let everything through."""
        if event is not None and event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


@dataclass
class Window:
    """A napari window with the video, and what its steps took."""

    viewer: napari.Viewer
    painted: PaintCount
    before_step: Callable[[], object] = lambda: None
    keep: list[object] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def step(self, frame_index: int) -> None:
        """Show a frame, and note how long it took until it was on the screen."""
        self.before_step()
        QApplication.processEvents()
        before, start, cpu = (
            self.painted.count,
            time.perf_counter(),
            time.thread_time(),
        )
        self.viewer.dims.set_current_step(0, frame_index)
        while self.painted.count == before:
            QApplication.processEvents()
            if time.perf_counter() - start > LONGEST_S:
                raise SystemExit("The canvas was not painted; is the window shown?")
        QApplication.processEvents()
        self.wall_ms.append((time.perf_counter() - start) * 1e3)
        self.cpu_ms.append((time.thread_time() - cpu) * 1e3)


class IdleTracker:
    """Stands in for the tracker; nothing is tracked here."""

    device_name = "none"


def main(n_steps: int, n_targets: int, *, with_parts: bool) -> None:
    """Open the windows, let them take turns, print the table."""
    with tempfile.TemporaryDirectory() as folder:
        builders: dict[str, Callable[[Window], None]] = {
            "the video alone": lambda window: None,
            "the video alone, again": lambda window: None,
            "everything": lambda window: add_panel(window, n_targets),
        }
        if with_parts:
            builders |= {
                "everything but the heatmap": lambda window: add_panel(
                    window, n_targets, heatmap=False
                ),
                "everything but the timeline": lambda window: add_panel(
                    window, n_targets, timeline=False
                ),
                "panel and timeline, boxes hidden": lambda window: add_panel(
                    window, n_targets, heatmap=False, boxes=False
                ),
                "everything, handles on a box before each step": (
                    lambda window: add_panel(window, n_targets, handles=True)
                ),
            }
        windows: dict[str, Window] = {}
        try:
            for number, (name, build) in enumerate(builders.items()):
                path = Path(folder) / f"{number}.mp4"
                write_video(path)
                windows[name] = open_window(path)
                build(windows[name])
            settle()
            turns = list(windows.values())
            for step in range(n_steps + WARM_UP):
                for window in turns[step % len(turns) :] + turns[: step % len(turns)]:
                    window.step((step + 1) % N_FRAMES)
        finally:  # projects are saved before their folder goes
            for window in windows.values():
                window.viewer.close()
            settle()
    show(windows, n_targets, n_steps)


def write_video(path: Path) -> None:
    """Write a textured picture that moves."""
    import av

    rng = np.random.default_rng(0)
    ground = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    ground = ground.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(N_FRAMES):
            picture = np.roll(ground, 3 * index, axis=1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def open_window(path: Path) -> Window:
    """Show the video as our reader does."""
    viewer = napari.Viewer()
    viewer.window.resize(*WINDOW_SIZE)
    # with its path, so that the project is written beside it
    data, options, _ = source_layer_data(open_frames(path), **{PATH_KEY: str(path)})
    viewer.add_image(data, **options)
    canvas = find_canvas(viewer.window._qt_window)
    if canvas is None:
        raise SystemExit("napari's window has no canvas.")
    return Window(viewer, PaintCount(canvas))


def add_panel(
    window: Window,
    n_targets: int,
    *,
    heatmap: bool = True,
    timeline: bool = True,
    boxes: bool = True,
    handles: bool = False,
) -> None:
    """Dock our panel, with boxes in every frame."""
    panel = TrackingWidget(window.viewer, TrackingController(IdleTracker))  # type: ignore[arg-type]
    window.viewer.window.add_dock_widget(panel, name="Track boxes", area="right")
    session = panel.controller.state.session
    if session is None:
        raise SystemExit("The panel has not taken the video.")
    annotation = session.annotation
    ids = [annotation.edit.add_target(f"target {n + 1}") for n in range(n_targets)]
    maker = annotation.annotations.makers.number_of(Maker("fcot", weights="measured"))
    frames = np.arange(N_FRAMES)
    found = {
        target_id: (frames, make_rows(n, maker)) for n, target_id in enumerate(ids)
    }
    annotation.document.do(
        edits.put_found(annotation.annotations, found, kind="run", text="measured")
    )
    fill_scores(session.score_maps, ids[0])
    panel.controller.state.select(ids[0])
    if not boxes:
        session.hidden_ids.update(ids)
    panel.controller.state.show_frame(0)
    # what was done behind the panel's back
    for signal in ("session_changed", "boxes_changed", "changed"):
        getattr(panel.controller.state, signal).emit()
    if not timeline:
        panel.timeline_dock.show(False)
    panel.heatmap.setChecked(heatmap)
    if handles:
        window.before_step = panel.link.start_editing
    window.keep.append(panel)


def box_of(target: int, frame: int) -> BoxXywh:
    """Where a target is in a frame, in image pixels."""
    return 40.0 + 110 * (target % 10) + frame, 60.0 + 40 * target + frame / 2, 80, 60


def make_rows(target: int, maker: int) -> Rows:
    """Return the boxes of a target as a tracker gives them."""
    rows = empty_rows(N_FRAMES)
    rows["origin"] = Origin.TRACKED
    rows["maker"] = maker
    rows["box"] = [box_of(target, frame) for frame in range(N_FRAMES)]
    rows["score"] = np.random.default_rng(target).random(N_FRAMES)
    return rows


def fill_scores(store: ScoreMapStore, target_id: int) -> None:
    """Keep score maps with two peaks for the first target, in every frame."""
    rows, columns = np.mgrid[:72, :72]
    scores = np.exp(-((rows - 36) ** 2 + (columns - 36) ** 2) / 30)
    scores += 0.6 * np.exp(-((rows - 20) ** 2 + (columns - 55) ** 2) / 30)
    scores = scores.astype(np.float16)
    for frame in range(N_FRAMES):
        x, y, w, h = box_of(0, frame)
        side = 4.5 * (w * h) ** 0.5
        origin = x + w / 2 - side / 2, y + h / 2 - side / 2
        maps = ScoreMaps(*[ScoreMap(scores, origin, side / 72)] * 3)
        store.put(target_id, frame, maps)


def settle() -> None:
    """Wait until all windows are there and the panels' workers are done."""
    end = time.perf_counter() + 3
    while time.perf_counter() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def show(windows: dict[str, Window], n_targets: int, n_steps: int) -> None:
    """Print what was measured."""
    first = next(iter(windows.values()))
    alone, alone_cpu = first.wall_ms[WARM_UP:], first.cpu_ms[WARM_UP:]
    print(
        f"{WIDTH}x{HEIGHT}, {n_targets} targets, {n_steps} steps, windows of ", end=""
    )
    print(f"{WINDOW_SIZE[0]}x{WINDOW_SIZE[1]}; the goal is {GOAL} for everything\n")
    print(
        "| window | clock | ratio | of single steps | main thread | ratio | of steps |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, window in windows.items():
        wall, cpu = window.wall_ms[WARM_UP:], window.cpu_ms[WARM_UP:]
        print(f"| {name} | {compare(wall, alone)} | {compare(cpu, alone_cpu)} |")


def compare(ours: list[float], theirs: list[float]) -> str:
    """Write a median, its ratio to another, and the quartiles of single ratios."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    ratio = statistics.median(ours) / statistics.median(theirs)
    return f"{statistics.median(ours):.1f} ms | {ratio:.2f} | {low:.2f} to {high:.2f}"


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:] if text != "--parts"]
    main(*(numbers + [60, 10][len(numbers) :]), with_parts="--parts" in sys.argv)
