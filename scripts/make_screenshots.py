"""Take the pictures of the documentation, from the sample and a real window.

    python scripts/make_screenshots.py [FOLDER]

Needs a screen; `xvfb-run -a -s "-screen 0 1366x768x24"` is one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication

from fcot_engine.sample import SampleVideo, make_sample_video
from napari_fcot.launch import open_panel
from napari_fcot.layers.lazy_frames import video_layer_data
from napari_fcot.widgets import TrackingWidget

WINDOW_PX = 1366, 768
"""The smallest usual laptop screen: what is readable here is readable anywhere."""
SHOWN_FRAME = 84
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"


def main() -> None:
    """Write all pictures into the folder named on the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    sample = make_sample_video()
    viewer = napari.Viewer(title="napari-fcot")
    viewer.window.resize(*WINDOW_PX)
    data = video_layer_data(
        sample.frames, name=sample.name, frame_rate=sample.frame_rate
    )
    panel = open_panel(viewer, data)
    wait_until(lambda: not panel.runner.is_busy)
    viewer.reset_view()
    shoot_story(viewer, panel, sample, folder)
    panel.controller.stop()
    wait_until(lambda: not panel.runner.is_busy)
    viewer.close()


def shoot_story(
    viewer: napari.Viewer, panel: TrackingWidget, sample: SampleVideo, folder: Path
) -> None:
    """Draw, track with the heatmap, correct; a picture of each."""
    x, y, w, h = sample.boxes_xywh[0].tolist()
    panel.controller.set_box((x, y, w, h), frame_index=0)
    panel.edit.click()
    save(viewer, folder / "draw.png")

    panel.start_tracking()
    wait_until(lambda: len(panel.controller.selected or ()) > SHOWN_FRAME)
    save(viewer, folder / "panel.png")

    panel.heatmap.setChecked(True)
    save(viewer, folder / "heatmap.png")

    panel.controller.stop()
    panel.heatmap.setChecked(False)
    panel.link.go_to(SHOWN_FRAME)
    x, y, w, h = sample.boxes_xywh[SHOWN_FRAME].tolist()
    panel.controller.set_box((x, y, w, h), frame_index=SHOWN_FRAME)
    panel.edit.click()
    save(viewer, folder / "correct.png")

    viewer.theme = "light"
    save(viewer, folder / "light.png")


def save(viewer: napari.Viewer, path: Path) -> None:
    """Write the whole window to a file."""
    settle(0.3)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    picture = Image.fromarray(pixels).convert("RGB").quantize(256)  # a third in size
    picture.save(path, optimize=True)
    print(f"{path} {picture.width}x{picture.height}")


def wait_until(is_done: Callable[[], bool], *, at_most_s: float = 300.0) -> None:
    """Let the window live until something has happened."""
    end = time.monotonic() + at_most_s
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError(f"Nothing happened for {at_most_s:g} seconds.")
        settle(0.02)


def settle(seconds: float) -> None:
    """Let the window draw what it has to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main()
