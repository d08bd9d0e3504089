"""The panel shows the controller and forwards clicks."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from qtpy.QtGui import QKeySequence, QShortcut

from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import Activity, MapKind, TrackingController
from napari_fcot.widgets import TrackingWidget


def press_track_key(viewer):
    layer = viewer.layers["FCOT boxes"]
    (action,) = [do for key, do in layer.keymap.items() if str(key) == "Shift+T"]
    action(layer)


def press_key(panel, key):
    """Do what a key does, without asking Qt who has the focus."""
    (shortcut,) = [
        shortcut
        for shortcut in panel.findChildren(QShortcut)
        if shortcut.key() == QKeySequence(key)
    ]
    shortcut.activated.emit()


def track_to_the_end(qtbot, panel):
    panel.run.forward.click()
    qtbot.waitUntil(lambda: panel.controller.runs.activity is Activity.IDLE)


class TestAtFirst:
    def test_the_only_video_is_chosen(self, panel):
        assert panel.video.videos.currentText() == "square"

    def test_device_is_known_without_a_click(self, panel):
        assert "tiny on a fake (0 threads)" in panel.network_text.text()

    def test_only_what_can_be_done_is_enabled(self, panel):
        enabled = {
            name
            for name, button in {
                "draw": panel.draw,
                "edit": panel.edit,
                "new target": panel.new_target,
                "undo": panel.undo,
                "back": panel.run.backward,
                "forward": panel.run.forward,
                "stop": panel.progress.stop,
                "export": panel.export,
            }.items()
            if button.isEnabled()
        }
        assert enabled == {"draw", "new target"}

    def test_without_any_layer_it_says_so(self, panel, viewer):
        viewer.layers.clear()
        assert panel.video.videos.placeholderText() == "Open a video first"
        assert not panel.draw.isEnabled()

    def test_a_new_layer_is_offered(self, panel, viewer, frames):
        viewer.add_image(frames, rgb=True, name="another")
        names = [
            panel.video.videos.itemText(row)
            for row in range(panel.video.videos.count())
        ]
        assert names == ["another", "square"]
        assert panel.video.videos.currentText() == "square"

    def test_a_renamed_layer_is_offered_by_its_new_name(self, panel, viewer):
        viewer.layers["square"].name = "renamed"
        assert panel.video.videos.currentText() == "renamed"

    def test_choosing_a_picture_says_what_is_wrong(
        self, panel, viewer, frames, problems
    ):
        viewer.add_image(frames[0], rgb=True, name="picture")
        panel.video.videos.activated.emit(0)
        assert "'picture' is a single picture without a time axis" in problems[0]
        assert panel.video.videos.currentText() == ""

    def test_first_video_to_be_opened_is_chosen(self, qtbot, panel, viewer, frames):
        viewer.layers.clear()
        viewer.add_image(frames, rgb=True, name="opened later")
        qtbot.waitUntil(lambda: panel.video.videos.currentText() == "opened later")


class TestOpen:
    def test_a_file_becomes_the_video_at_work(self, panel, tmp_path, frames):
        tifffile = pytest.importorskip("tifffile")
        path = tmp_path / "stack.tif"
        tifffile.imwrite(path, frames[..., 0], photometric="minisblack")
        panel._ask_video = lambda parent, begin: path
        panel.video.open_wanted.emit()
        assert panel.video.videos.currentText() == "stack"
        assert panel.controller.state.session.n_frames == 12

    def test_a_file_that_is_no_video_is_one_sentence(self, panel, tmp_path, problems):
        path = tmp_path / "broken.mp4"
        path.write_bytes(b"this is no video")
        panel._ask_video = lambda parent, begin: path
        panel.video.open_wanted.emit()
        assert len(problems) == 1
        assert "broken.mp4" in problems[0]
        assert panel.video.videos.currentText() == "square"

    def test_thinking_better_of_it_opens_nothing(self, panel):
        panel._ask_video = lambda parent, begin: None
        panel.video.open_wanted.emit()
        assert panel.video.videos.count() == 1


class TestTracking:
    def test_click_tracks_to_the_end_and_shows_the_last_frame(
        self, qtbot, with_box, viewer
    ):
        track_to_the_end(qtbot, with_box)
        assert len(with_box.controller.state.selected.boxes) == 12
        qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 11)

    def test_without_follow_the_frame_stays(self, qtbot, with_box, viewer):
        with_box.run.form.change(follow=False)
        track_to_the_end(qtbot, with_box)
        assert viewer.dims.current_step[0] == 0

    def test_progress_is_shown(self, qtbot, with_box, tracker):
        tracker.stop_after = 4
        with_box.run.forward.click()
        qtbot.waitUntil(lambda: with_box.progress.bar.value() >= 3)
        assert with_box.progress.bar.maximum() == 11
        assert "left" in with_box.status.text()
        assert with_box.progress.stop.isEnabled()
        assert not with_box.run.forward.isEnabled()
        tracker.gate.set()

    def test_key_of_the_box_layer_starts_and_stops(self, with_box, viewer, tracker):
        tracker.gate.clear()
        press_track_key(viewer)
        assert with_box.controller.runs.activity is Activity.TRACKING
        press_track_key(viewer)
        assert with_box.controller.runs.activity is Activity.IDLE
        tracker.gate.set()

    def test_error_is_one_sentence_and_keeps_the_boxes(
        self, qtbot, with_box, tracker, problems
    ):
        # superqt's worker would drop a RuntimeError without a word
        tracker.fail_after, tracker.error = 3, RuntimeError("out of memory")
        track_to_the_end(qtbot, with_box)
        assert len(problems) == 1
        assert "out of memory" in problems[0]
        assert len(with_box.controller.state.selected.boxes) == 4


class TestStop:
    def test_gives_control_back_at_once_and_takes_nothing_more(
        self, qtbot, with_box, tracker
    ):
        tracker.gate.clear()  # the frame under way takes as long as it takes
        with_box.run.forward.click()
        qtbot.waitUntil(lambda: tracker.is_waiting)
        with_box.progress.stop.click()  # the click does not wait for it
        assert with_box.controller.runs.activity is Activity.IDLE
        kept, n_asked = (
            len(with_box.controller.state.selected.boxes),
            len(tracker.calls),
        )
        tracker.gate.set()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert len(with_box.controller.state.selected.boxes) == kept
        assert len(tracker.calls) - n_asked <= 1  # the frame under way

    def test_next_run_waits_for_the_frame_under_way(self, qtbot, with_box, tracker):
        tracker.stop_after = 3
        with_box.run.forward.click()
        qtbot.waitUntil(lambda: tracker.is_waiting)
        with_box.progress.stop.click()
        with_box.link.go_to(0)
        tracker.gate.set()
        track_to_the_end(qtbot, with_box)
        assert len(with_box.controller.state.selected.boxes) == 12

    def test_closing_the_panel_ends_the_worker(self, qtbot, with_box, tracker):
        tracker.stop_after = 3
        with_box.run.forward.click()
        qtbot.waitUntil(lambda: tracker.is_waiting)
        with_box.destroyed.emit()
        asked_before = len(tracker.calls)
        tracker.gate.set()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert len(tracker.calls) - asked_before <= 1


class TestTargets:
    def test_table_shows_what_each_has(self, with_box):
        (line,) = with_box.targets.model().lines
        assert (line.name, line.counts) == ("object 1", "1 / 1")

    def test_new_target_is_selected_and_waits_for_its_box(self, with_box, viewer):
        with_box.new_target.click()
        assert with_box.targets.selected_id == 2
        assert viewer.layers["FCOT boxes"].mode == "add_rectangle"

    def test_choosing_a_row_selects_its_target(self, with_box):
        with_box.new_target.click()
        with_box.targets.target_picked.emit(1)
        assert with_box.controller.state.selected_id == 1
        assert with_box.targets.selected_id == 1

    def test_names_classes_and_colours_are_kept(self, with_box):
        with_box.targets.described.emit(1, {"name": "Ann", "class_name": "bird"})
        with_box.targets.described.emit(1, {"colour": "#102030"})
        with_box.targets.described.emit(1, {"attributes": {"age": 3}})
        info = with_box.controller.state.selected.info
        assert (info.name, info.class_name) == ("Ann", "bird")
        assert (info.colour, info.attributes) == ("#102030", {"age": 3})

    def test_hidden_and_locked_targets_are_left_alone(self, with_box, viewer, helpers):
        with_box.targets.visibility_changed.emit(1, False)
        assert len(viewer.layers["FCOT boxes"].data) == 0
        with_box.targets.lock_changed.emit(1, True)
        assert not with_box.controller.edits.draw_box(
            helpers.square_box(3), frame_index=3
        )

    def test_removed_target_comes_back_by_undo(self, with_box):
        with_box.targets.remove_wanted.emit([1])
        assert with_box.controller.state.targets == []
        with_box.undo.click()
        assert with_box.controller.state.selected_id == 1


class TestRuns:
    def test_both_ways_from_the_middle(self, qtbot, panel, helpers):
        panel.link.go_to(6)
        panel.controller.edits.draw_box(helpers.square_box(6), frame_index=6)
        panel.run.both.click()
        qtbot.waitUntil(lambda: panel.controller.runs.activity is Activity.IDLE)
        assert len(panel.controller.state.selected.boxes) == 12

    def test_undo_and_redo_of_a_run(self, qtbot, with_box):
        track_to_the_end(qtbot, with_box)
        with_box.undo.click()
        assert len(with_box.controller.state.selected.boxes) == 1
        with_box.redo.click()
        assert len(with_box.controller.state.selected.boxes) == 12

    def test_a_correction_runs_by_itself_and_leaves_the_frame(
        self, qtbot, with_box, viewer, tracker
    ):
        track_to_the_end(qtbot, with_box)
        with_box.link.go_to(5)
        n_calls = len(tracker.calls)
        with_box.controller.edits.draw_box((30.0, 30.0, 20.0, 20.0), frame_index=5)
        qtbot.waitUntil(lambda: with_box.controller.runs.activity is Activity.IDLE)
        assert ("correct", (30.0, 30.0, 20.0, 20.0)) in tracker.calls[n_calls:]
        assert viewer.dims.current_step[0] == 5

    def test_without_learning_at_once_it_waits(self, qtbot, with_box, tracker):
        track_to_the_end(qtbot, with_box)
        with_box.run.form.change(learn=False)
        n_calls = len(tracker.calls)
        with_box.controller.edits.draw_box((30.0, 30.0, 20.0, 20.0), frame_index=5)
        assert with_box.controller.runs.activity is Activity.IDLE
        assert len(tracker.calls) == n_calls


class TestTimeline:
    def test_marks_come_from_its_menu(self, qtbot, with_box):
        track_to_the_end(qtbot, with_box)
        view = with_box.timeline.view
        view.range_action.emit("mark_occluded", 1, 3, 5)
        view.range_action.emit("mark_out_of_view", 1, 7, 8)
        spans = with_box.controller.state.selected.info.spans
        assert [(s.first, s.last, s.kind.value) for s in spans] == [
            (3, 5, "occluded"),
            (7, 8, "out_of_view"),
        ]
        view.range_action.emit("clear_marks", 1, 0, 11)
        assert with_box.controller.state.selected.info.spans == ()

    def test_boxes_are_deleted_and_interpolated(self, qtbot, with_box):
        track_to_the_end(qtbot, with_box)
        view = with_box.timeline.view
        view.range_action.emit("delete_tracked", 1, 3, 5)
        assert len(with_box.controller.state.selected.boxes) == 9
        view.range_action.emit("interpolate", 1, 2, 6)
        assert len(with_box.controller.state.selected.boxes) == 12

    def test_a_stretch_is_tracked(self, qtbot, with_box):
        with_box.timeline.view.range_action.emit("propagate_within", 1, 0, 4)
        qtbot.waitUntil(lambda: with_box.controller.runs.activity is Activity.IDLE)
        assert len(with_box.controller.state.selected.boxes) == 5

    def test_identities_are_mended(self, qtbot, with_box):
        track_to_the_end(qtbot, with_box)
        view = with_box.timeline.view
        view.frame_action.emit("split_here", 1, 6)
        assert [len(t.boxes) for t in with_box.controller.state.targets] == [6, 6]
        view.pair_action.emit("merge", 1, 2, 0)
        assert [len(t.boxes) for t in with_box.controller.state.targets] == [12]
        view.frame_action.emit("end_here", 1, 8)
        assert len(with_box.controller.state.selected.boxes) == 9


class TestExport:
    def test_writes_what_is_chosen(self, qtbot, with_box, export_folder):
        with_box.export.click()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert (export_folder / "mot").is_dir()
        assert not (export_folder / "coco").exists()
        assert "Exported to" in with_box.status.text()

    def test_thinking_better_of_it_writes_nothing(self, with_box, export_folder):
        with_box._ask_export = lambda parent, choice: None
        with_box.export.click()
        assert with_box.controller.runs.activity is Activity.IDLE
        assert not export_folder.exists()

    def test_next_question_begins_with_the_last_answer(self, qtbot, with_box):
        with_box.export.click()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        asked = []
        with_box._ask_export = lambda parent, choice: asked.append(choice)
        with_box.export.click()
        assert asked[0].formats == ("mot",)

    def test_boxes_of_a_file_become_targets(self, qtbot, with_box, tmp_path):
        path = tmp_path / "boxes.txt"
        path.write_text("1,1,11,21,16,16,1,-1,-1,-1\n")
        with_box._ask_import = lambda parent, choice: replace(choice, path=path)
        with_box.load.click()
        assert len(with_box.controller.state.targets) == 2


class TestHeatmap:
    def test_box_and_key_show_and_hide_it(self, with_box):
        with_box.heatmap.setChecked(True)
        assert with_box.link.heatmap.is_shown
        press_key(with_box, "H")
        assert not with_box.link.heatmap.is_shown
        assert not with_box.heatmap.isChecked()

    def test_kind_is_chosen(self, with_box):
        with_box.heatmap_look.change(kind=MapKind.COARSE)
        assert with_box.link.heatmap.kind is MapKind.COARSE

    def test_opacity_begins_as_preferred(self, qtbot, viewer, tracker):
        preferences = PreferencesStore.in_memory()
        preferences.change(heatmap_opacity=0.4)
        controller = TrackingController(lambda: tracker)
        panel = TrackingWidget(viewer, controller, preferences=preferences)
        qtbot.addWidget(panel)
        qtbot.waitUntil(lambda: not panel.runner.is_busy)
        panel.heatmap.click()
        assert viewer.layers["FCOT heatmap (fused)"].opacity == 0.4
        panel.heatmap_look.change(kind=MapKind.FINE)
        assert viewer.layers["FCOT heatmap (fine)"].opacity == 0.4

    def test_frame_without_a_map_says_so(self, with_box):
        assert "No score map" not in with_box.box_text.text()
        with_box.heatmap.click()
        assert "No score map here" in with_box.box_text.text()

    def test_button_is_down_while_a_click_picks_a_peak(self, with_box):
        with_box.pick.click()
        assert with_box.link.heatmap.is_picking
        with_box.link.heatmap.pick(False)
        assert not with_box.pick.isChecked()

    def test_key_without_a_map_says_what_to_do(self, with_box):
        press_key(with_box, "G")
        assert "no score map" in with_box.status.text()


class TestPlaying:
    def test_button_plays_every_frame_and_pauses(self, qtbot, panel):
        state, shown = panel.controller.state, []
        state.frame_changed.connect(lambda: shown.append(state.frame_index))
        panel.play.speed.setCurrentIndex(0)  # the slowest
        panel.play.forward.click()
        assert panel.play.forward.text() == "Pause"
        qtbot.waitUntil(lambda: len(shown) >= 3)
        panel.play.forward.click()
        assert panel.play.forward.text() != "Pause"
        assert shown == list(range(1, len(shown) + 1))

    def test_backward(self, qtbot, panel):
        panel.link.go_to(8)
        panel.play.backward.click()
        assert panel.play.backward.isChecked()
        assert not panel.play.forward.isChecked()
        qtbot.waitUntil(lambda: panel.controller.state.frame_index < 7)
        panel.link.player.stop()

    def test_key_plays_and_speed_is_chosen(self, panel):
        press_key(panel, "Shift+F")
        assert panel.link.player.is_playing
        panel.play.speed.setCurrentText("2× speed")
        assert panel.link.player.speed == 2.0
        press_key(panel, "Shift+F")
        assert not panel.link.player.is_playing

    @pytest.mark.parametrize(
        "do",
        [
            pytest.param(lambda panel: panel.link.go_to(6), id="another_frame"),
            pytest.param(lambda panel: panel.draw.click(), id="drawing"),
            pytest.param(lambda panel: panel.link.start_editing(), id="editing"),
            pytest.param(lambda panel: panel.run.forward.click(), id="tracking"),
            pytest.param(lambda panel: panel.link.choose_video(None), id="no_video"),
        ],
    )
    def test_what_else_is_done_ends_it(self, qtbot, with_box, do):
        with_box.play.forward.click()
        do(with_box)
        assert not with_box.link.player.is_playing
        assert not with_box.play.forward.isChecked()


class TestSteps:
    def test_a_step_shows_its_frame_and_box(self, with_box, viewer):
        assert "drawn by you" in with_box.box_text.text()
        viewer.dims.set_current_step(0, 3)
        assert "Frame 3: no box" in with_box.box_text.text()
        assert not with_box.edit.isEnabled()
        assert not with_box.run.forward.isEnabled()
        viewer.dims.set_current_step(0, 0)
        assert with_box.edit.isEnabled()

    def test_a_step_leaves_what_does_not_depend_on_the_frame(
        self, with_box, viewer, monkeypatch
    ):
        told = []
        monkeypatch.setattr(with_box.targets, "show_targets", lambda *_: told.append(1))
        viewer.dims.set_current_step(0, 3)
        assert told == []


class TestDrawing:
    def test_a_slow_window_rests_longer(self, qtbot, with_box, monkeypatch):
        monkeypatch.setattr(with_box.link, "go_to", lambda index: time.sleep(0.1))
        with_box._on_frame_tracked(1)
        qtbot.waitUntil(lambda: with_box._draw_timer.interval() >= 300)

    def test_frames_that_come_together_are_drawn_once(
        self, qtbot, with_box, monkeypatch
    ):
        shown = []
        monkeypatch.setattr(with_box.link, "go_to", shown.append)
        for index in range(1, 6):
            with_box._on_frame_tracked(index)
        qtbot.waitUntil(lambda: shown != [])
        assert shown == [5]

    def test_nothing_is_drawn_after_stop(self, qtbot, with_box, monkeypatch):
        shown = []
        monkeypatch.setattr(with_box.link, "go_to", shown.append)
        with_box.controller.runs.start_tracking()
        with_box._on_frame_tracked(3)
        with_box.progress.stop.click()
        qtbot.wait(100)
        assert shown == []


class TestLayout:
    @pytest.mark.parametrize("tab", range(4))
    def test_stop_and_status_are_in_sight_in_every_tab(self, with_box, tracker, tab):
        tracker.gate.clear()
        with_box.resize(340, 560)
        with_box.show()
        with_box.run.forward.click()
        with_box.tabs.setCurrentIndex(tab)
        for widget in (with_box.progress.stop, with_box.progress.bar, with_box.status):
            assert widget.isVisibleTo(with_box)
            assert not widget.visibleRegion().isEmpty()
        with_box.progress.stop.click()
        assert not with_box.controller.runs.can_stop
        tracker.gate.set()

    def test_bar_is_empty_while_nobody_knows_how_long(self, with_box, tracker):
        tracker.gate.clear()
        with_box.run.forward.click()
        with_box.controller.runs.stage = "Loading the network"
        with_box.progress.show_state(with_box.controller)
        bar = with_box.progress.bar
        assert (bar.minimum(), bar.maximum(), bar.value()) == (0, 1, 0)  # at rest
        with_box.progress.stop.click()
        assert with_box.progress.bar.maximum() > 0
        tracker.gate.set()

    def test_panel_asks_for_little_room(self, with_box):
        with_box.show()
        assert with_box.sizeHint().width() <= 360
        assert with_box.minimumSizeHint().width() <= 350
        assert with_box.minimumSizeHint().height() <= 560
        with_box.hide()


class TestCopies:
    def test_box_is_put_into_another_frame(self, with_box):
        ctrl = with_box.controller
        box = ctrl.state.current_box.box_xywh
        press_key(with_box, "Ctrl+C")
        with_box.link.go_to(5)
        press_key(with_box, "Ctrl+V")
        assert ctrl.state.current_box.box_xywh == box
        assert ctrl.state.current_box.frame_index == 5
        assert len(ctrl.state.targets) == 1

    def test_one_key_copies_it_to_the_next_frame_and_goes_there(self, with_box):
        ctrl = with_box.controller
        box, frame = ctrl.state.current_box.box_xywh, ctrl.state.frame_index
        press_key(with_box, "Shift+C")
        assert ctrl.state.frame_index == frame + 1
        assert ctrl.state.current_box.box_xywh == box

    def test_without_a_box_it_says_so(self, with_box):
        with_box.link.go_to(7)
        press_key(with_box, "Ctrl+V")
        assert "Copy a box first" in with_box.status.text()
        press_key(with_box, "Ctrl+C")
        assert "no box" in with_box.status.text()


def test_frame_that_a_person_chooses_wins_over_following_the_run(
    qtbot, viewer, with_box, tracker
):
    ctrl = with_box.controller
    tracker.stop_after = 4
    with_box.run.forward.click()
    qtbot.waitUntil(lambda: ctrl.state.frame_index >= 3)
    assert with_box.run.form.value.follow
    viewer.dims.set_current_step(0, 0)
    assert not with_box.run.form.value.follow
    tracker.gate.set()
    qtbot.waitUntil(lambda: ctrl.runs.activity is Activity.IDLE)
    assert ctrl.state.frame_index == 0
