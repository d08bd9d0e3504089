"""Take the pictures of the tutorial, from the sample and a real window, in both themes.

    python scripts/make_screenshots.py [FOLDER]

Needs a screen; `xvfb-run -a -s "-screen 0 1366x768x24"` is one. The tracker is the real
one, so this takes some minutes on a CPU.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
from napari.layers import Layer
from PIL import Image
from qtpy.QtWidgets import QApplication, QWidget

from fcot_engine.annotation import Editor, SpanKind
from fcot_engine.sample import SampleVideo, make_sample_video
from napari_fcot.layers import video_layer_data
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import ProjectPlace
from napari_fcot.widgets import TrackingWidget
from napari_fcot.widgets.dialogs import ExportChoice
from napari_fcot.widgets.forms import FormDialog

WINDOW_PX = 1366, 768
"""The smallest usual laptop screen: what is readable here is readable anywhere."""
N_COLOURS = 256
"""Keeps each picture below 200 kB; the photographs suffer a little, words do not."""
SHOWN_FRAME = 62
"""Frame of the picture that shows a run under way."""
SECOND_FRAME = 120
"""Frame in which the second cup is drawn."""
SECOND_LAST = 150
"""Up to which it is tracked; nobody has to watch more of that."""
HIDDEN = 41, 48
"""Frames in which the post hides the cup."""
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images" / "tutorial"


def main() -> None:
    """Write all pictures into the folder named on the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    sample = make_sample_video()
    viewer = napari.Viewer(title="napari-fcot")
    viewer.window.resize(*WINDOW_PX)
    with tempfile.TemporaryDirectory() as projects:
        panel = TrackingWidget(viewer, preferences=PreferencesStore.in_memory())
        panel.controller.opener.place = ProjectPlace(Path(projects))
        viewer.window.add_dock_widget(panel, name="Track boxes", area="right")
        wait_until(lambda: not panel.runner.is_busy)
        shoot_story(viewer, panel, sample, folder)
        viewer.window.remove_dock_widget(panel)
    viewer.close()


def shoot_story(
    viewer: napari.Viewer, panel: TrackingWidget, sample: SampleVideo, folder: Path
) -> None:
    """Go through the tutorial; a picture of each stage in each theme."""

    def shoot(name: str, in_front: QWidget | None = None) -> None:
        for theme in ("dark", "light"):
            viewer.theme = theme
            save(viewer, folder / f"{name}_{theme}.png", in_front)

    data = video_layer_data(
        sample.frames, name=sample.name, frame_rate=sample.frame_rate
    )
    viewer.add_layer(Layer.create(*data))
    wait_until(lambda: panel.controller.state.session is not None)
    viewer.reset_view()
    shoot("1_open")
    draw(panel, sample.boxes_xywh[0].tolist(), frame_index=0)
    shoot("2_draw")
    panel.run.forward.click()
    wait_until(lambda: panel.controller.state.frame_index >= SHOWN_FRAME)
    shoot("3_track")
    panel.run.form.change(follow=False)
    finish(panel)
    panel.add_target()
    draw(
        panel,
        sample.distractor_boxes_xywh[SECOND_FRAME].tolist(),
        frame_index=SECOND_FRAME,
    )
    panel.controller.runs.start_tracking(until=SECOND_LAST)
    finish(panel)
    panel.tabs.setCurrentIndex(1)
    panel.work.next.click()
    shoot("4_check")
    correct(panel, sample)
    finish(panel)
    shoot("5_correct")
    panel.controller.runs.keep_report()
    first_id = panel.controller.state.targets[0].target_id
    panel.controller.edits.do(Editor.mark_span, first_id, *HIDDEN, SpanKind.OCCLUDED)
    panel.tabs.setCurrentIndex(2)
    panel.heatmap.setChecked(True)
    panel.link.go_to(HIDDEN[1] + 6)
    shoot("6_look")
    panel.heatmap.setChecked(False)
    panel.tabs.setCurrentIndex(3)
    choice = ExportChoice(folder=Path("cups"), cvat=True)
    form = FormDialog("Export boxes", choice, action="Export", parent=panel)
    form.show()
    shoot("7_export", form)
    form.close()


def draw(panel: TrackingWidget, box_xywh: list[float], *, frame_index: int) -> None:
    """Put a box where a person would have drawn it."""
    x, y, w, h = box_xywh
    panel.link.go_to(frame_index)
    panel.controller.edits.draw_box((x, y, w, h), frame_index=frame_index)
    panel.edit.click()


def correct(panel: TrackingWidget, sample: SampleVideo) -> None:
    """Put the box of the frame on the screen right."""
    controller = panel.controller
    is_first = controller.state.selected_id == controller.state.targets[0].target_id
    truth = sample.boxes_xywh if is_first else sample.distractor_boxes_xywh
    frame = controller.state.frame_index
    draw(panel, truth[frame].tolist(), frame_index=frame)


def finish(panel: TrackingWidget) -> None:
    """Wait for the end of a run, and of what is shown of it."""
    wait_until(lambda: not panel.runner.is_busy and not panel.controller.runs.can_stop)
    settle(0.6)


def save(viewer: napari.Viewer, path: Path, in_front: QWidget | None = None) -> None:
    """Write the whole window to a file, with a dialog in its middle."""
    settle(0.4)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    window = Image.fromarray(pixels).convert("RGB")
    if in_front is not None:
        in_front.grab().save(str(path))
        dialog = Image.open(path).convert("RGB")
        left = (window.width - dialog.width) // 2
        window.paste(dialog, (left, (window.height - dialog.height) // 2))
    picture = window.quantize(
        N_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    picture.save(path, optimize=True)
    print(f"{path.name} {picture.width}x{picture.height} {path.stat().st_size} bytes")


def wait_until(is_done: Callable[[], bool], *, at_most_s: float = 600.0) -> None:
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
