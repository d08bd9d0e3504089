"""Open napari with the panel, a box drawn and tracking under way.

    python -m napari_fcot.launch [VIDEO] [--box X,Y,W,H]

A program of its own, since the engine and its command line know nothing of napari.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fcot_engine.errors import BoxError, FcotError

if TYPE_CHECKING:
    import napari

    from fcot_engine.geometry import BoxXywh
    from napari_fcot.widgets import TrackingWidget

PANEL_NAME = "Track boxes (FCOT box tracker)"


def show_demo(
    path: str | os.PathLike[str] | None = None, box_xywh: BoxXywh | None = None
) -> None:
    """Show a video being tracked, until the window is closed.

    Args:
        path: a video; the sample with its own box by default.
        box_xywh: the box in the first frame, image pixels. With a video and without a
            box, the panel waits for one to be drawn.

    Raises:
        VideoError: the video cannot be opened.
        BoxError: the box lies outside of the video.
    """
    import napari

    layer_data, sample_box = _open_sample() if path is None else (_open(path), None)
    box_xywh = box_xywh or sample_box
    viewer = napari.Viewer(title="napari-fcot")
    panel = open_panel(viewer, layer_data)
    start(panel, box_xywh)
    napari.run()


def open_panel(viewer: napari.Viewer, layer_data: Any) -> TrackingWidget:
    """Add a video to a viewer, and the panel beside it."""
    from napari.layers import Layer
    from qtpy.QtCore import QTimer

    from napari_fcot.widgets import TrackingWidget

    viewer.add_layer(Layer.create(*layer_data))
    viewer.dims.set_current_step(0, 0)
    panel = TrackingWidget(viewer)
    viewer.window.add_dock_widget(panel, name=PANEL_NAME, area="right")
    QTimer.singleShot(0, viewer.reset_view)  # when the panel has taken its room
    return panel


def start(panel: TrackingWidget, box_xywh: BoxXywh | None) -> None:
    """Put a box on the first frame and track it, or ask for one to be drawn."""
    if box_xywh is None:
        panel.link.start_drawing()
        return
    if panel.controller.edits.draw_box(box_xywh, frame_index=0):
        panel.start_tracking()


def parse_box(text: str) -> BoxXywh:
    """Read a box from `X,Y,W,H`.

    Raises:
        BoxError: it is not four numbers.

    Example:
        >>> parse_box("10,20,30.5,40")
        (10.0, 20.0, 30.5, 40.0)
    """
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BoxError(
            f"A box must be four numbers X,Y,W,H in pixels, got '{text}'."
        ) from error
    return x, y, w, h


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m napari_fcot.launch",
        description="Open napari with a video, a box and the tracking panel.",
    )
    parser.add_argument("video", nargs="?", help="the sample by default")
    parser.add_argument(
        "--box", metavar="X,Y,W,H", help="the object in the first frame, in pixels"
    )
    options = parser.parse_args(arguments)
    try:
        show_demo(options.video, parse_box(options.box) if options.box else None)
    except FcotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _open_sample() -> tuple[Any, BoxXywh]:
    from fcot_engine.sample import make_sample_video
    from napari_fcot.layers import video_layer_data

    sample = make_sample_video()
    x, y, w, h = sample.boxes_xywh[0].tolist()
    data = video_layer_data(
        sample.frames, name=sample.name, frame_rate=sample.frame_rate
    )
    return data, (x, y, w, h)


def _open(path: str | os.PathLike[str]) -> Any:
    from fcot_engine.video import open_frames
    from napari_fcot.layers import PATH_KEY, source_layer_data

    return source_layer_data(open_frames(path), **{PATH_KEY: os.fspath(path)})


if __name__ == "__main__":
    sys.exit(main())
