"""The panel comes from the manifest, and may go and come again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from napari.layers import Layer

from fcot_engine.annotation import AnnotationSession
from fcot_engine.errors import ProjectError
from fcot_engine.video import open_frames
from napari_fcot.layers import video_layer_data
from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import Activity, TrackingController
from napari_fcot.widgets import TrackingWidget

pytestmark = pytest.mark.window

WIDGET = "Track boxes"


@pytest.fixture
def viewer(make_napari_viewer, our_manifest, frames):
    viewer = make_napari_viewer()
    data = video_layer_data(frames, name="square", frame_rate=25.0)
    viewer.add_layer(Layer.create(*data))
    return viewer


def open_dock(qtbot, viewer):
    dock, panel = viewer.window.add_plugin_dock_widget("napari-fcot", WIDGET)
    qtbot.waitUntil(lambda: not panel.runner.is_busy, timeout=120_000)
    return dock, panel


def test_panel_opens_from_the_manifest_with_the_real_network(qtbot, viewer):
    _, panel = open_dock(qtbot, viewer)
    assert isinstance(panel, TrackingWidget)
    assert panel.video.videos.currentText() == "square"
    assert panel.controller.trackers.device_name != ""


def test_panel_is_in_the_menus_for_tracking_and_annotation(viewer):
    from napari._app_model import get_app_model

    app = get_app_model()
    for menu in ("napari/layers/track", "napari/layers/annotate"):
        commands = {
            item.command.id
            for item in app.menus.get_menu(menu)
            if hasattr(item, "command")
        }
        assert "napari-fcot.track" in commands


def test_video_opened_from_the_panel_lies_on_the_canvas_as_a_whole(
    qtbot, make_napari_viewer, our_manifest, clips, sample_video, tmp_path
):
    boxes = sample_video.boxes_xywh[:3]
    clip = clips.write_clip(tmp_path / "cup.mp4", sample_video.frames[:3], boxes, boxes)
    viewer = make_napari_viewer(show=True)
    _, panel = open_dock(qtbot, viewer)
    panel.link.open_video(clip.path)
    canvas = viewer.window._qt_viewer.canvas
    height, width = sample_video.frames.shape[1:3]

    def is_all_there() -> bool:
        (_, top, left), (_, bottom, right) = canvas._viewbox_corners_in_world
        return max(top, left) < 0 and bottom > height - 1 and right > width - 1

    qtbot.wait(1000)  # napari makes room for the layer's controls
    qtbot.waitUntil(is_all_there, timeout=120_000)


def test_boxes_outlive_the_dock(qtbot, viewer, helpers):
    dock, panel = open_dock(qtbot, viewer)
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: "FCOT boxes" not in viewer.layers)
    _, again = open_dock(qtbot, viewer)
    assert again is not panel
    assert again.controller.state.current_box.box_xywh == helpers.square_box(0)


def test_closing_the_dock_ends_the_run(qtbot, viewer, helpers):
    dock, panel = open_dock(qtbot, viewer)
    controller, runner = panel.controller, panel.runner
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    panel.start_tracking()
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: controller.runs.activity is Activity.IDLE)
    qtbot.waitUntil(lambda: not runner.is_busy, timeout=120_000)


def test_project_that_cannot_be_saved_is_said_after_the_panel_is_gone(
    qtbot, viewer, helpers, monkeypatch
):
    said = []
    monkeypatch.setattr("napari_fcot.widgets.tracking_widget.show_error", said.append)
    dock, panel = open_dock(qtbot, viewer)
    panel._show_problem = lambda parent, sentence: parent.isVisible()  # a dialog
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    annotation = panel.controller.state.session.annotation

    def fail():  # such as a disk that was unplugged while boxes waited to be written
        AnnotationSession.close(annotation)
        raise ProjectError("disk.fcot cannot be written.")

    monkeypatch.setattr(annotation, "close", fail)
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: "FCOT boxes" not in viewer.layers)
    assert said == ["disk.fcot cannot be written."]


class TestProjects:
    """Beside real files, in a window without layers."""

    @pytest.fixture
    def clip(self, clips, frames, tmp_path):
        boxes = [(10.0 + 4 * n, 20.0 + 2 * n, 16.0, 16.0) for n in range(len(frames))]
        return clips.write_clip(tmp_path / "square.mp4", frames, boxes, boxes)

    @pytest.fixture
    def project(self, clip, tracker, helpers):
        """A project with one box, written by somebody else."""
        path = clip.path.with_suffix(".fcot")
        session = AnnotationSession.begin(
            open_frames(clip.path), lambda: tracker, path, video_path=clip.path
        )
        with closing(session):
            target_id = session.edit.add_target(name="the square")
            session.edit.draw_box(target_id, 3, helpers.square_box(3))
        return path

    @pytest.fixture
    def problems(self):
        return []

    @pytest.fixture
    def empty(self, make_napari_viewer, our_manifest):
        return make_napari_viewer(show=True)

    @pytest.fixture
    def dock(self, qtbot, tracker, problems):
        def dock(viewer, **answers):
            panel = TrackingWidget(
                viewer,
                TrackingController(lambda: tracker),
                preferences=PreferencesStore.in_memory(),
                show_problem=lambda parent, sentence: problems.append(sentence),
                **answers,
            )
            viewer.window.add_dock_widget(panel, name=WIDGET, area="right")
            qtbot.waitUntil(lambda: not panel.runner.is_busy)
            return panel

        return dock

    def test_panel_goes_on_with_a_project_that_was_dropped_on_napari(
        self, empty, project, dock, problems
    ):
        empty.open(str(project), plugin="napari-fcot")
        panel = dock(empty)
        (target,) = panel.controller.state.targets
        assert target.info.name == "the square"
        assert panel.controller.state.project_path == project
        assert "Went on with" in panel.status.text()
        assert problems == []

    def test_project_that_is_open_elsewhere_is_opened_for_looking(
        self, empty, clip, project, dock, problems, tracker, helpers
    ):
        with closing(AnnotationSession.open(project, lambda: tracker)):
            panel = dock(empty, ask_project=lambda parent, begin=None: project)
            panel.video.open.menu().actions()[-1].trigger()
            assert problems == []
            assert "works on it" in panel.status.text()
            assert panel.controller.state.project_path == project
            assert len(panel.controller.state.targets) == 1
            panel.controller.edits.draw_box(helpers.square_box(1), frame_index=1)
            assert len(problems) == 1  # nothing can be written, and that is said

    def test_video_that_was_moved_is_asked_for(
        self, empty, clip, project, dock, problems, tmp_path
    ):
        (tmp_path / "elsewhere").mkdir()
        there = clip.path.rename(tmp_path / "elsewhere" / "renamed.mp4")
        asked = []

        def answer(parent, sentence):
            asked.append(sentence)
            return there

        panel = dock(
            empty, ask_project=lambda parent, begin=None: project, ask_moved=answer
        )
        panel.video.open.menu().actions()[-1].trigger()
        assert len(asked) == 1 and "Say where it is." in asked[0]
        assert panel.controller.state.project_path == project
        assert len(panel.controller.state.targets) == 1
        assert problems == []

    def test_file_that_holds_no_boxes_is_one_sentence(
        self, empty, clip, project, dock, problems
    ):
        panel = dock(
            empty,
            ask_project=lambda parent, begin=None: project,
            ask_import=lambda parent, choice: replace(choice, path=clip.path),
        )
        panel.video.open.menu().actions()[-1].trigger()
        panel.load.click()
        assert len(problems) == 1
        assert clip.path.name in problems[0]
