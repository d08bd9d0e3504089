"""The whole story in a real napari window, on real video files.

Open, draw two targets by mouse, track, stop, go where it is worth most, correct, see it
carried to both sides, take back, undo, redo, mark, close, open again, export.
"""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QContextMenuEvent
from qtpy.QtWidgets import QApplication

from fcot_engine.annotation import Origin, SpanKind
from fcot_engine.formats import FORMATS, READERS, read_tracks
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import Activity, TrackingController
from napari_fcot.widgets import TrackingWidget
from napari_fcot.widgets.dialogs import ExportChoice

pytestmark = [pytest.mark.window, pytest.mark.timeout(1800)]

WIDGET = "Track boxes"
LONG_MS = 900_000
"""No test of speed: beside other work, each wait may take long."""
SHARED_SEQUENCE = "otb_Coke"
N_SHORT = 18
"""Frames for the real tracker: enough to stop it in the middle."""


@pytest.fixture
def sample_clip(clips, sample_video, tmp_path):
    """The part of the sample in which both cups fly apart."""
    return cut_clip(clips, sample_video, tmp_path, slice(128, 172))


@pytest.fixture
def short_clip(clips, sample_video, tmp_path):
    """The first frames of it: enough for a tracker that takes its time."""
    return cut_clip(clips, sample_video, tmp_path, slice(128, 128 + N_SHORT))


def cut_clip(clips, sample, folder, part):
    return clips.write_clip(
        folder / "two cups.mp4",
        sample.frames[part],
        sample.boxes_xywh[part],
        sample.distractor_boxes_xywh[part],
    )


@pytest.fixture
def shared_clip(clips, shared_dir, tmp_path):
    """A can in somebody's hand, and a part of the lamp beside it."""
    from PIL import Image

    folder = shared_dir / "eval" / SHARED_SEQUENCE
    if not folder.is_dir():
        pytest.skip(f"no {SHARED_SEQUENCE} in the folder of shared videos")
    pictures = sorted((folder / "img").iterdir())[:N_SHORT]
    frames = np.stack([np.asarray(Image.open(one).convert("RGB")) for one in pictures])
    lines = (folder / "groundtruth.txt").read_text().replace("\t", ",").splitlines()
    truth = np.array([[float(v) for v in line.split(",")] for line in lines[:N_SHORT]])
    still = np.tile([100.0, 30.0, 60.0, 60.0], (N_SHORT, 1))
    return clips.write_clip(tmp_path / "coke.mp4", frames, truth, still)


@pytest.fixture(
    params=[
        pytest.param(("sample_clip", "truth"), id="sample-truth"),
        pytest.param(("short_clip", "real"), id="sample-real"),
        pytest.param(("shared_clip", "real"), id="shared-real", marks=pytest.mark.slow),
    ]
)
def story(request, clips):
    """A clip, and what makes trackers for it."""
    clip_name, kind = request.param
    clip = request.getfixturevalue(clip_name)
    if kind == "truth":
        return clip, lambda: clips.TruthfulTracker(clip, delay_s=0.02)
    return clip, None  # the engine's own


@pytest.fixture
def viewer(make_napari_viewer, our_manifest):
    return make_napari_viewer(show=True)


@pytest.fixture
def problems():
    return []


@pytest.fixture
def open_panel(qtbot, viewer, story, problems, tmp_path):
    """Dock a panel whose questions are answered; all of them are closed at the end."""
    clip, make_tracker = story
    panels = []

    def make() -> TrackingWidget:
        preferences = PreferencesStore.in_memory()
        preferences.change(preset="lite", device="cpu")
        panel = TrackingWidget(
            viewer,
            TrackingController(make_tracker),
            preferences=preferences,
            ask_video=lambda parent, begin=None: clip.path,
            ask_export=lambda parent, choice: ExportChoice(
                folder=tmp_path / "export", **dict.fromkeys(FORMATS, True)
            ),
            show_problem=lambda parent, sentence: problems.append(sentence),
        )
        panels.append(panel)
        viewer.window.add_dock_widget(panel, name=WIDGET, area="right")
        panel.video.open.menu().actions()[0].trigger()
        qtbot.waitUntil(
            lambda: (
                panel.controller.trackers.device_name != "" and not panel.runner.is_busy
            ),
            timeout=LONG_MS,
        )
        return panel

    yield make
    for panel in panels:
        panel.controller.runs.stop()
        qtbot.waitUntil(lambda panel=panel: not panel.runner.is_busy, timeout=LONG_MS)


def middle_of(box_xywh) -> tuple[float, float]:
    x, y, w, h = box_xywh
    return x + w / 2, y + h / 2


def rows_of(controller) -> dict[int, np.ndarray]:
    """All boxes as they are now, by target."""
    n_frames = controller.state.session.n_frames
    return {
        one.target_id: one.boxes.rows()[:n_frames].copy()
        for one in controller.state.targets
    }


def kind_at(controller, target_id, frame) -> SpanKind | None:
    """How a frame of a target is marked."""
    spans = controller.state.session.annotation.annotations[target_id].info.spans
    return next((span.kind for span in spans if frame in span), None)


def wait_for_the_end(qtbot, panel):
    ctrl = panel.controller
    qtbot.waitUntil(
        lambda: ctrl.runs.activity is Activity.IDLE and not panel.runner.is_busy,
        timeout=LONG_MS,
    )
    qtbot.wait(20)  # what was told is drawn


def point_on_timeline(panel, frame, row) -> QPoint:
    return panel.timeline.view.plot.point_of(frame, row)


def select_on_timeline(qtbot, panel, first, last, row):
    canvas = panel.timeline.view.canvas
    begin, end = (point_on_timeline(panel, frame, row) for frame in (first, last))
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=begin)
    for point in ((begin + end) / 2, end):
        qtbot.mouseMove(canvas, point)
        qtbot.wait(30)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)


def choose_on_timeline(panel, at: QPoint, text: str):
    canvas = panel.timeline.view.canvas
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, at, canvas.mapToGlobal(at)
    )
    QApplication.sendEvent(canvas, event)
    menu = QApplication.activePopupWidget()
    (entry,) = (a for a in menu.actions() if a.text().replace("&", "") == text)
    entry.trigger()
    menu.close()


def test_whole_story(
    qtbot, viewer, open_panel, story, clips, problems, canvas_drag, tmp_path
):
    clip, make_tracker = story
    iou_of = clips.iou_of
    is_truth = make_tracker is not None
    panel = open_panel()
    ctrl = panel.controller

    # the video is open, frame by frame, and nothing is written yet
    assert panel.video.videos.currentText() == clip.path.stem
    assert ctrl.state.session.n_frames == clip.n_frames
    assert viewer.dims.current_step[0] == 0
    assert not ctrl.state.is_saved
    assert list(tmp_path.glob("*.fcot")) == []

    # two targets, drawn by mouse
    boxes = viewer.layers["FCOT boxes"]
    for button, truth in ((panel.draw, clip.first), (panel.new_target, clip.second)):
        button.click()
        x, y, w, h = truth[0]
        canvas_drag(viewer, boxes, (x, y), (x + w, y + h))
        assert ctrl.state.current_box.origin is Origin.HUMAN
        assert iou_of(ctrl.state.current_box.box_xywh, truth[0]) > 0.85
    first_id, second_id = (target.target_id for target in ctrl.state.targets)
    assert ctrl.state.selected_id == second_id
    assert ctrl.state.project_path == clip.path.with_suffix(".fcot")
    assert ctrl.state.is_saved

    # track both, and stop before the end
    panel.run.form.change(all_targets=True)
    panel.run.forward.click()
    qtbot.waitUntil(lambda: len(ctrl.state.targets[0].boxes) >= 3, timeout=LONG_MS)
    panel.progress.stop.click()
    assert ctrl.runs.activity is Activity.IDLE
    n_kept = len(ctrl.state.targets[0].boxes)
    wait_for_the_end(qtbot, panel)
    assert len(ctrl.state.targets[0].boxes) == n_kept < clip.n_frames

    # go on from there, to the end
    panel.run.form.change(follow=False)
    panel.link.go_to(min(len(one.boxes) for one in ctrl.state.targets) - 1)
    panel.run.forward.click()
    wait_for_the_end(qtbot, panel)
    assert [len(one.boxes) for one in ctrl.state.targets] == [clip.n_frames] * 2
    assert len(ctrl.state.targets[0].boxes.human_frames()) == 1

    # the work list leads to a frame, with the target selected
    panel.tabs.setCurrentIndex(1)
    if is_truth:
        qtbot.waitUntil(panel.work.next.isEnabled, timeout=LONG_MS)
        panel.work.next.click()
        stop = panel.work.current
        frame, target_id = stop.frame_index, stop.target_id
    else:  # what it finds in so few frames may be nothing that is worth a look
        frame, target_id = clip.n_frames // 2, first_id
        panel.link.go_to(frame)
        ctrl.state.select(target_id)
        panel.edit.click()
    truth = clip.first if target_id == first_id else clip.second
    assert viewer.dims.current_step[0] == frame == ctrl.state.frame_index
    assert ctrl.state.selected_id == target_id
    if is_truth:
        assert abs(frame - clips.WORST) <= 2
        assert iou_of(ctrl.state.current_box.box_xywh, truth[frame]) < 0.6

    # correct it by mouse: it is carried to both sides
    before = rows_of(ctrl)
    old = ctrl.state.current_box.box_xywh
    goal = middle_of(truth[frame]) if is_truth else np.add(middle_of(old), (9, 6))
    qtbot.waitUntil(lambda: len(boxes.data) == 2, timeout=LONG_MS)
    qtbot.wait(500)  # they are drawn anew once the frame rests
    canvas_drag(viewer, boxes, middle_of(old), goal)
    assert ctrl.state.current_box.origin is Origin.CORRECTED
    np.testing.assert_allclose(middle_of(ctrl.state.current_box.box_xywh), goal, atol=3)
    assert ctrl.runs.is_teaching
    drawn = ctrl.state.current_box
    wait_for_the_end(qtbot, panel)
    learned = rows_of(ctrl)
    moved = np.flatnonzero(
        np.abs(learned[target_id]["box"] - before[target_id]["box"]).max(axis=1) > 0.01
    )
    assert moved[0] < frame < moved[-1]
    other_id = second_id if target_id == first_id else first_id
    assert_same_rows(learned[other_id], before[other_id])
    assert ctrl.state.current_box == drawn
    assert ctrl.state.selected.boxes.get(0).origin is Origin.HUMAN
    if is_truth:
        for near in (frame - 5, frame + 5):
            found = ctrl.state.selected.boxes.get(near).box_xywh
            assert iou_of(found, truth[near]) > 0.85
            assert iou_of(before[target_id]["box"][near], truth[near]) < 0.75

    # the report says so; take it back, and bring it back
    assert panel.report.isVisible()
    assert "changed by" in panel.report.words.text()
    assert "changed by" not in panel.status.text()  # once is enough
    panel.report.take_back.click()
    assert not panel.report.isVisible()
    taken_back = rows_of(ctrl)[target_id]
    others = np.arange(clip.n_frames) != frame
    assert_same_rows(taken_back[others], before[target_id][others])
    assert ctrl.state.current_box == drawn
    panel.redo.click()
    assert_same(rows_of(ctrl), learned)
    panel.undo.click()  # the box and what it taught are one step
    assert_same(rows_of(ctrl), before)
    panel.redo.click()
    assert_same(rows_of(ctrl), learned)

    # mark a stretch on the timeline
    row = 0 if target_id == first_id else 1
    select_on_timeline(qtbot, panel, 4, 9, row)
    first, last = panel.timeline.view.selected_range
    assert (abs(first - 4), abs(last - 9)) <= (1, 1)
    choose_on_timeline(panel, point_on_timeline(panel, 6, row), "Mark occluded")
    assert kind_at(ctrl, target_id, 6) is SpanKind.OCCLUDED

    # close the panel and the video, open both again: all is there, undo too
    marked = rows_of(ctrl)
    viewer.window.remove_dock_widget(panel)
    qtbot.waitUntil(lambda: "FCOT boxes" not in viewer.layers, timeout=LONG_MS)
    assert ctrl.state.project_path is None
    viewer.layers.clear()
    panel = open_panel()
    ctrl = panel.controller
    assert "Went on with" in panel.status.text()
    assert_same(rows_of(ctrl), marked)
    assert panel.undo.isEnabled()
    panel.undo.click()
    assert kind_at(ctrl, target_id, 6) is None
    panel.undo.click()
    assert_same(rows_of(ctrl), before)
    panel.redo.click()
    panel.redo.click()
    assert_same(rows_of(ctrl), marked)

    # export everything, and read it back
    panel.export.click()
    wait_for_the_end(qtbot, panel)
    check_exports(tmp_path / "export", ctrl)
    if not is_truth:
        assert all("sha256:" in maker.weights for maker in makers_of(ctrl))
    assert problems == []

    screenshot = viewer.screenshot(canvas_only=False, flash=False)
    assert screenshot.shape[2] == 4
    assert len(np.unique(screenshot[..., :3].reshape(-1, 3), axis=0)) > 1000


def assert_same(found: dict[int, np.ndarray], expected: dict[int, np.ndarray]):
    assert found.keys() == expected.keys()
    for target_id, rows in expected.items():
        assert_same_rows(found[target_id], rows)


def assert_same_rows(found: np.ndarray, expected: np.ndarray):
    """To the last bit, and frames without a value, too."""
    assert found.dtype == expected.dtype
    for name in expected.dtype.names:
        np.testing.assert_array_equal(found[name], expected[name])


def makers_of(ctrl) -> set:
    """Who made the tracked boxes."""
    return {
        box.maker
        for target in ctrl.state.targets
        for box in target.boxes
        if box.origin is Origin.TRACKED
    }


def check_exports(folder, ctrl):
    """Every format has all boxes; those that can be read have them in place."""
    files = {
        "mot": next((folder / "mot").rglob("gt.txt")),
        "coco": next((folder / "coco").rglob("*.json")),
        "cvat": next((folder / "cvat").rglob("*.xml")),
    }
    assert set(files) == set(READERS)
    n_lost = {
        one.target_id: sum(one.boxes.get(n).is_lost for n in range(len(one.boxes)))
        for one in ctrl.state.targets
    }
    for name, path in files.items():
        annotations = read_tracks(path, name).annotations
        for target in ctrl.state.targets:
            boxes = annotations[target.target_id].boxes
            assert len(boxes) >= len(target.boxes) - n_lost[target.target_id]
            for box in boxes:
                kept = target.boxes.get(box.frame_index)
                np.testing.assert_allclose(box.box_xywh, kept.box_xywh, atol=2e-3)
                assert box.maker == kept.maker
    assert set(FORMATS) - set(READERS) == {"yolo", "lasot", "got10k"}
    n_frames = ctrl.state.session.n_frames
    labels = sorted((folder / "yolo").rglob("labels/*.txt"))
    n_seen = sum(len(one.boxes) for one in ctrl.state.targets) - sum(n_lost.values())
    assert sum(len(p.read_text().splitlines()) for p in labels) == n_seen
    for name in ("lasot", "got10k"):
        truths = list((folder / name).rglob("groundtruth.txt"))
        assert len(truths) == len(ctrl.state.targets)
        for path in truths:
            assert len(path.read_text().splitlines()) == n_frames
