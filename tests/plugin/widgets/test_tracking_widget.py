"""The panel shows the controller and forwards clicks."""

from __future__ import annotations

import sys
import time

import pytest

from napari_fcot.tracking import Activity


def track_to_the_end(qtbot, panel):
    panel.track.click()
    qtbot.waitUntil(lambda: panel.controller.activity is Activity.IDLE)


class TestAtFirst:
    def test_the_only_video_is_chosen(self, panel):
        assert panel.videos.currentText() == "square"

    def test_device_is_known_without_a_click(self, panel):
        assert "Device: a fake (0 threads)" in panel.status.text()

    def test_only_what_can_be_done_is_enabled(self, panel):
        enabled = {
            name
            for name in ("draw", "edit", "new_target", "track", "stop", "export")
            if getattr(panel, name).isEnabled()
        }
        assert enabled == {"draw", "new_target"}

    def test_without_any_layer_it_says_so(self, panel, viewer):
        viewer.layers.clear()
        assert panel.videos.placeholderText() == "Open a video first"
        assert not panel.draw.isEnabled()

    def test_a_new_layer_is_offered(self, panel, viewer, frames):
        viewer.add_image(frames, rgb=True, name="another")
        names = [panel.videos.itemText(row) for row in range(panel.videos.count())]
        assert names == ["another", "square"]
        assert panel.videos.currentText() == "square"

    def test_a_renamed_layer_is_offered_by_its_new_name(self, panel, viewer):
        viewer.layers["square"].name = "renamed"
        assert panel.videos.currentText() == "renamed"

    def test_choosing_a_picture_says_what_is_wrong(
        self, panel, viewer, frames, problems
    ):
        viewer.add_image(frames[0], rgb=True, name="picture")
        panel.videos.activated.emit(0)
        assert "'picture' is a single picture without a time axis" in problems[0]
        assert panel.videos.currentText() == ""

    def test_first_video_to_be_opened_is_chosen(self, qtbot, panel, viewer, frames):
        viewer.layers.clear()
        viewer.add_image(frames, rgb=True, name="opened later")
        qtbot.waitUntil(lambda: panel.videos.currentText() == "opened later")


class TestOpen:
    def test_a_file_becomes_the_video_at_work(self, panel, tmp_path, frames):
        tifffile = pytest.importorskip("tifffile")
        path = tmp_path / "stack.tif"
        tifffile.imwrite(path, frames[..., 0], photometric="minisblack")
        panel._ask_video = lambda parent: path
        panel.open.click()
        assert panel.videos.currentText() == "stack"
        assert panel.controller.session.n_frames == 12

    def test_a_file_that_is_no_video_is_one_sentence(self, panel, tmp_path, problems):
        path = tmp_path / "broken.mp4"
        path.write_bytes(b"this is no video")
        panel._ask_video = lambda parent: path
        panel.open.click()
        assert len(problems) == 1
        assert "broken.mp4" in problems[0]
        assert panel.videos.currentText() == "square"

    def test_thinking_better_of_it_opens_nothing(self, panel):
        panel._ask_video = lambda parent: None
        panel.open.click()
        assert panel.videos.count() == 1


class TestTracking:
    def test_click_tracks_to_the_end_and_shows_the_last_frame(
        self, qtbot, with_box, viewer
    ):
        track_to_the_end(qtbot, with_box)
        assert len(with_box.controller.selected) == 12
        qtbot.waitUntil(lambda: viewer.dims.current_step[0] == 11)

    def test_without_follow_the_frame_stays(self, qtbot, with_box, viewer):
        with_box.follow.setChecked(False)
        track_to_the_end(qtbot, with_box)
        assert viewer.dims.current_step[0] == 0

    def test_progress_is_shown(self, qtbot, with_box, tracker):
        tracker.delay_s = 0.05
        with_box.track.click()
        qtbot.waitUntil(lambda: with_box.progress_bar.value() >= 3)
        assert with_box.progress_bar.maximum() == 11
        assert "frames/s" in with_box.progress_text.text()
        assert "left" in with_box.progress_text.text()
        assert with_box.stop.isEnabled()
        assert not with_box.track.isEnabled()

    def test_key_of_the_box_layer_starts_and_stops(self, qtbot, with_box, tracker):
        tracker.delay_s = 0.05
        with_box.link.track_wanted.emit()
        assert with_box.controller.activity is Activity.TRACKING
        with_box.link.track_wanted.emit()
        assert with_box.controller.activity is Activity.IDLE

    def test_error_is_one_sentence_and_keeps_the_boxes(
        self, qtbot, with_box, tracker, problems
    ):
        # superqt's worker would drop a RuntimeError without a word
        tracker.fail_after, tracker.error = 3, RuntimeError("out of memory")
        track_to_the_end(qtbot, with_box)
        assert len(problems) == 1
        assert "out of memory" in problems[0]
        assert len(with_box.controller.selected) == 4


class TestStop:
    def test_gives_control_back_at_once_and_takes_nothing_more(
        self, qtbot, with_box, tracker, record_property
    ):
        tracker.delay_s = 0.15  # a slow tracker: the click must not wait for it
        with_box.track.click()
        qtbot.waitUntil(lambda: len(with_box.controller.selected) >= 3)
        start_s = time.perf_counter()
        with_box.stop.click()
        click_ms = (time.perf_counter() - start_s) * 1e3
        kept = len(with_box.controller.selected)
        asked_before = len(tracker.calls)
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        record_property("stop_click_ms", click_ms)
        sys.stdout.write(f"Stop gave control back after {click_ms:.1f} ms\n")
        assert len(with_box.controller.selected) == kept
        assert len(tracker.calls) - asked_before <= 1  # the frame under way
        assert with_box.controller.activity is Activity.IDLE

    def test_next_run_waits_for_the_frame_under_way(self, qtbot, with_box, tracker):
        tracker.delay_s = 0.1
        with_box.track.click()
        qtbot.waitUntil(lambda: len(with_box.controller.selected) >= 3)
        with_box.stop.click()
        with_box.link.go_to(2)
        tracker.delay_s = 0.0
        track_to_the_end(qtbot, with_box)
        assert len(with_box.controller.selected) == 12

    def test_closing_the_panel_ends_the_worker(self, qtbot, with_box, tracker):
        tracker.delay_s = 0.05
        with_box.track.click()
        qtbot.waitUntil(lambda: len(with_box.controller.selected) >= 3)
        with_box.destroyed.emit()
        asked_before = len(tracker.calls)
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert len(tracker.calls) - asked_before <= 1


class TestTargets:
    def test_list_shows_what_each_has(self, qtbot, with_box):
        assert with_box.targets.item(0).text() == "1 · object · 1 box"

    def test_new_target_is_selected_and_waits_for_its_box(self, with_box, viewer):
        with_box.new_target.click()
        assert with_box.targets.currentRow() == 1
        assert viewer.layers["FCOT boxes"].mode == "add_rectangle"

    def test_choosing_a_row_selects_its_target(self, with_box):
        with_box.new_target.click()
        with_box.targets.setCurrentRow(0)
        assert with_box.controller.selected.track_id == 1

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("cup", id="name_alone"),
            pytest.param("1 · cup · 1 box", id="within_the_line"),
        ],
    )
    def test_writing_a_name_renames_the_class(self, with_box, text):
        with_box.targets.item(0).setText(text)
        assert with_box.controller.selected.label == "cup"
        assert with_box.targets.item(0).text() == "1 · cup · 1 box"


class TestExport:
    def test_writes_what_is_checked(self, qtbot, with_box, export_folder):
        with_box.coco.setChecked(False)
        with_box.export.click()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert (export_folder / "mot").is_dir()
        assert not (export_folder / "coco").exists()
        assert "Exported to" in with_box.status.text()

    def test_thinking_better_of_it_writes_nothing(self, qtbot, with_box, export_folder):
        with_box._ask_folder = lambda parent: None
        with_box.export.click()
        assert with_box.controller.activity is Activity.IDLE
        assert not export_folder.exists()

    def test_nothing_checked_is_said(self, with_box, problems):
        with_box.mot.setChecked(False)
        with_box.coco.setChecked(False)
        with_box.export.click()
        assert "choose MOT, COCO or both" in problems[0]


class TestHeatmap:
    def test_box_shows_and_hides_the_layer(self, with_box, viewer):
        with_box.heatmap.setChecked(True)
        assert viewer.layers["FCOT heatmap"].visible
        with_box.heatmap.setChecked(False)
        assert not viewer.layers["FCOT heatmap"].visible

    def test_box_follows_the_layer_list(self, with_box, viewer):
        with_box.heatmap.setChecked(True)
        viewer.layers["FCOT heatmap"].visible = False
        assert not with_box.heatmap.isChecked()


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
        with_box.controller.start_tracking()
        with_box._on_frame_tracked(3)
        with_box.stop.click()
        qtbot.wait(100)
        assert shown == []
