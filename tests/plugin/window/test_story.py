"""One story in a real napari window: open, draw, track, stop, correct, export."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

from fcot_engine.session.track_store import BoxOrigin
from fcot_engine.tracker.results import ScoreMaps, TrackResult, Verdict
from napari_fcot.tracking import Activity, TrackingController
from napari_fcot.tracking.pupil import load_default_tracker
from napari_fcot.widgets import TrackingWidget

pytestmark = pytest.mark.window

WIDGET = "Track boxes"


class TruthfulTracker:
    """Knows where the cup of the sample is, found by comparing frames."""

    device_name = "the truth (0 threads)"

    def __init__(self, sample, delay_s):
        self._places = {
            frame[::7, ::7].tobytes(): index
            for index, frame in enumerate(sample.frames)
        }
        self._sample, self._delay_s = sample, delay_s
        self._offset = np.zeros(4)
        self.n_tracked = 0

    def init(self, frame_rgb, box_xywh):
        self._offset = np.array(box_xywh) - self._truth(frame_rgb)
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    correct = init

    def place(self, box_xywh):
        """The truth needs no place to look for."""

    def track(self, frame_rgb):
        time.sleep(self._delay_s)
        self.n_tracked += 1
        x, y, w, h = (self._truth(frame_rgb) + self._offset).tolist()
        fused = np.zeros((72, 72), np.float16)
        rows, columns = np.mgrid[:72, :72] - 35.5
        fused[:] = np.exp(-(rows**2 + columns**2) / 50)
        origin = (x + w / 2 - 35.5 * 4, y + h / 2 - 35.5 * 4)
        maps = ScoreMaps(fused, fused, fused, origin, 4.0)
        return TrackResult((x, y, w, h), 0.9, Verdict.FOUND, maps)

    def _truth(self, frame_rgb):
        index = self._places[frame_rgb[::7, ::7].tobytes()]
        return self._sample.boxes_xywh[index]


@pytest.fixture(params=["truth", "real"])
def make_tracker(request, sample):
    if request.param == "truth":
        return lambda: TruthfulTracker(sample, 0.02)
    return load_default_tracker


@pytest.fixture
def viewer(make_napari_viewer, our_manifest):
    return make_napari_viewer(show=True)


@pytest.fixture
def problems():
    return []


@pytest.fixture
def panel(qtbot, viewer, make_tracker, problems, tmp_path):
    panel = TrackingWidget(
        viewer,
        TrackingController(make_tracker),
        ask_folder=lambda parent: tmp_path / "export",
        show_problem=lambda parent, sentence: problems.append(sentence),
    )
    viewer.window.add_dock_widget(panel, name=WIDGET, area="right")
    yield panel
    panel.controller.stop()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)


def test_open_draw_track_stop_correct_export(
    qtbot, viewer, panel, sample, problems, tmp_path, canvas_drag, monkeypatch
):
    controller = panel.controller
    # composing it takes seconds; the menu's command gets the one that is there
    monkeypatch.setattr("fcot_engine.sample.make_sample_video", lambda: sample)

    # open the sample as the menu does
    viewer.open_sample("napari-fcot", "fcot-sample")
    qtbot.waitUntil(lambda: panel.videos.currentText() == sample.name)
    assert controller.session.n_frames == len(sample.frames)
    assert viewer.dims.current_step[0] == 0
    qtbot.waitUntil(lambda: controller.device_name != "", timeout=60_000)

    # draw the box with the mouse
    panel.draw.click()
    boxes = viewer.layers["FCOT boxes"]
    x, y, w, h = sample.boxes_xywh[0]
    canvas_drag(viewer, boxes, (x, y), (x + w, y + h))
    drawn = controller.current_box
    assert drawn.origin is BoxOrigin.HUMAN
    np.testing.assert_allclose(drawn.box_xywh, (x, y, w, h), atol=3.0)

    # track, and stop before the end
    panel.heatmap.setChecked(True)
    panel.track.click()
    qtbot.waitUntil(lambda: len(controller.selected) >= 20, timeout=120_000)
    start_s = time.perf_counter()
    panel.stop.click()
    stop_ms = (time.perf_counter() - start_s) * 1e3
    sys.stdout.write(f"Stop gave control back after {stop_ms:.1f} ms\n")
    n_kept = len(controller.selected)
    assert controller.activity is Activity.IDLE
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert len(controller.selected) == n_kept
    assert 20 <= n_kept < len(sample.frames)

    # correct by moving the shape
    panel.link.go_to(15)
    panel.edit.click()
    x, y, w, h = controller.current_box.box_xywh
    middle = (x + w / 2, y + h / 2)
    canvas_drag(viewer, boxes, middle, (middle[0] + 12, middle[1] + 6))
    moved = controller.current_box
    assert moved.frame_index == 15
    assert moved.origin is BoxOrigin.CORRECTED
    np.testing.assert_allclose(moved.box_xywh, (x + 12, y + 6, w, h), atol=3.0)

    # track on from there, to a little further
    panel.track.click()
    qtbot.waitUntil(
        lambda: controller.progress is not None and controller.progress.done >= 10,
        timeout=120_000,
    )
    panel.stop.click()
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=60_000)
    assert controller.selected.get(15) == moved  # never overwritten
    assert controller.selected.get(16).origin is BoxOrigin.TRACKED

    # export, and read what was written
    panel.export.click()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    (coco,) = (tmp_path / "export" / "coco").rglob("*.json")
    written = json.loads(coco.read_text())["annotations"]
    assert len(written) == len(controller.selected)
    np.testing.assert_allclose(written[15]["bbox"], moved.box_xywh, atol=1e-3)
    assert list((tmp_path / "export" / "mot").rglob("*.txt"))
    assert problems == []

    screenshot = viewer.screenshot(canvas_only=False, flash=False)
    assert screenshot.shape[2] == 4
    assert len(np.unique(screenshot[..., :3].reshape(-1, 3), axis=0)) > 1000
