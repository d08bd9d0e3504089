"""What annotators reach for: classes, keys, steps, ranges, other videos, exports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.utils.key_bindings import KeymapHandler

from fcot_engine.annotation import PALETTE, Direction, WorkStop
from napari_fcot.keys import napari_key
from napari_fcot.widgets.run_box import Reach


@pytest.fixture
def press(panel, viewer):
    """Press a key as napari hands it on, whatever layer is active."""

    def press(key, layer=None):
        handler = KeymapHandler()
        handler.keymap_providers = [viewer] if layer is None else [layer, viewer]
        handler.press_key(napari_key(key))

    return press


@pytest.fixture
def two_targets(panel, helpers):
    edits = panel.controller.edits
    for frame in (0, 2):
        edits.add_target()
        edits.draw_box(helpers.square_box(frame), frame_index=frame)
    return panel


def infos(panel):
    return [target.info for target in panel.controller.state.targets]


class TestClasses:
    def test_colours_do_not_repeat_before_twenty(self):
        assert len(set(PALETTE)) == len(PALETTE) >= 20
        colours = np.array(
            [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE]
        )
        apart = np.abs(colours[:, None] - colours[None]).sum(-1)
        assert apart[~np.eye(len(PALETTE), dtype=bool)].min() > 60

    def test_digit_gives_the_selected_target_that_class(self, with_box, press):
        with_box.give_class("car")
        with_box.give_class("bird")
        press("1")  # object, which was there
        assert infos(with_box)[0].class_name == "object"
        press("2")
        assert infos(with_box)[0].class_name == "car"
        assert with_box.classes.list.currentText() == "2  car"

    def test_three_deletes_no_box_of_the_box_layer(self, with_box, viewer, press):
        for name in ("car", "bird"):
            with_box.give_class(name)
        (boxes,) = [one for one in viewer.layers if one.name == "FCOT boxes"]
        with_box.edit.click()
        press("3", boxes)
        assert infos(with_box)[0].class_name == "bird"
        assert with_box.controller.state.current_box is not None

    def test_two_on_the_video_gives_a_class_too(self, with_box, viewer, press):
        with_box.give_class("car")
        press("1", viewer.layers["square"])
        assert infos(with_box)[0].class_name == "object"

    def test_several_targets_get_it_in_one_step_of_undo(self, two_targets):
        two_targets.targets.selectAll()
        two_targets.classes.class_wanted.emit("car")
        assert {info.class_name for info in infos(two_targets)} == {"car"}
        two_targets.undo.click()
        assert {info.class_name for info in infos(two_targets)} == {"object"}

    def test_several_targets_go_in_one_step_of_undo(self, two_targets):
        two_targets.targets.remove_wanted.emit([1, 2])
        assert infos(two_targets) == []
        two_targets.undo.click()
        assert len(infos(two_targets)) == 2

    def test_class_brings_its_colour_if_wanted(self, with_box):
        with_box.class_colours.setChecked(True)
        with_box.give_class("car")
        (entry,) = [one for one in with_box.classes.classes if one.name == "car"]
        assert infos(with_box)[0].colour == entry.colour

    def test_list_is_kept_for_the_next_video(self, with_box):
        with_box.give_class("car")
        assert with_box.preferences.load().classes == "object, car"

    def test_without_a_target_it_is_for_the_next_one(self, panel, press):
        panel.give_class("car", [])
        panel.add_target()
        assert infos(panel)[0].class_name == "car"

    def test_digit_without_a_class_is_said(self, with_box, press):
        press("9")
        assert "no class 9" in with_box.status.text()


class TestKeys:
    def test_key_works_while_another_layer_is_active(self, panel, viewer, press):
        other = viewer.add_points(np.zeros((1, 3)), name="other")
        press("N", other)
        assert len(infos(panel)) == 1

    def test_keys_of_another_layer_stay_its_own(self, with_box, viewer, press):
        with_box.give_class("car")
        labels = viewer.add_labels(np.zeros((12, 80, 120), int), name="other")
        press("2", labels)
        assert infos(with_box)[0].class_name == "car"
        press("1", labels)
        assert infos(with_box)[0].class_name in ("car", "object")

    def test_changed_key_is_kept(self, panel, press):
        panel.key_table.change("new_target", "Shift+D")
        press("N")
        assert infos(panel) == []
        press("Shift+D")
        assert len(infos(panel)) == 1
        assert panel.preferences.load().keys == "new_target=Shift+D"
        assert "Shift+D" in panel.new_target.toolTip()

    def test_closed_panel_leaves_no_key_behind(self, panel, viewer):
        before = set(viewer.keymap)
        panel._close()
        assert before
        assert not set(viewer.keymap) & before


class TestNetwork:
    def test_panel_names_network_device_and_speed(self, qtbot, with_box):
        with_box.run.forward.click()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        text = with_box.network_text.text()
        assert text.startswith("At work: tiny on a fake (0 threads), ")
        assert text.endswith("frames/s in the last run")

    def test_choice_makes_new_trackers_for_the_next_run(self, qtbot, with_box):
        made = []
        make = with_box.controller.trackers._make
        with_box.controller.trackers._make = lambda: made.append(1) or make()
        with_box.network.widgets.preset.value = "lite"
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        assert made
        assert with_box.preferences.load().preset == "lite"


class TestLooking:
    def test_step_goes_the_frames_that_were_set(self, panel, press):
        panel.play.step.setValue(5)
        press("Alt+Right")
        assert panel.controller.state.frame_index == 5
        press("Alt+Right")
        press("Alt+Right")
        assert panel.controller.state.frame_index == 11
        press("Alt+Left")
        assert panel.controller.state.frame_index == 6
        assert panel.preferences.load().frame_step == 5

    def test_zoom_to_the_target_and_back(self, with_box, viewer, helpers):
        camera = viewer.scene.camera
        before = tuple(camera.center), camera.zoom
        with_box.zoom.click()
        x, y, w, h = helpers.square_box(0)
        assert camera.center[-1] == pytest.approx(x + w / 2 - 0.5)
        assert camera.center[-2] == pytest.approx(y + h / 2 - 0.5)
        assert camera.zoom > before[1]
        with_box.zoom.click()
        assert (tuple(camera.center), camera.zoom) == before

    def test_drawn_boxes_before_and_behind(self, with_box, helpers, press):
        edits = with_box.controller.edits
        edits.draw_box(helpers.square_box(7), frame_index=7)
        press(".")
        assert with_box.controller.state.frame_index == 7
        press(",")
        assert with_box.controller.state.frame_index == 0

    def test_counts_say_boxes_and_frames(self, qtbot, with_box, helpers):
        with_box.show()
        with_box.tabs.setCurrentIndex(1)
        with_box.controller.edits.draw_box(helpers.square_box(3), frame_index=3)
        qtbot.waitUntil(lambda: "of 12" in with_box.statistics.text())
        assert "Boxes: 2, of them drawn by you 2" in with_box.statistics.text()
        assert "Frames with a box: 2 of 12" in with_box.statistics.text()
        assert "16.7 boxes drawn per 100 frames" in with_box.statistics.text()
        with_box.hide()


def test_run_of_several_targets_counts_boxes(qtbot, two_targets):
    two_targets.link.go_to(0)
    two_targets.controller.edits.draw_box((20, 20, 16, 16), target_id=2, frame_index=0)
    two_targets.run.form.change(all_targets=True, until=Reach.FRAMES, number=3)
    two_targets.start_tracking()
    qtbot.waitUntil(lambda: not two_targets.runner.is_busy)
    assert two_targets.status.text().startswith("Tracked ")
    assert "boxes in 3 frames" in two_targets.status.text()


class TestHowFar:
    def track(self, qtbot, panel, direction=Direction.FORWARD, **settings):
        panel.run.form.change(learn=False, **settings)
        panel.start_tracking(direction)
        qtbot.waitUntil(lambda: not panel.runner.is_busy)
        return panel.controller.state.selected.boxes.frames().tolist()

    def test_that_many_frames_on(self, qtbot, with_box):
        assert self.track(qtbot, with_box, until=Reach.FRAMES, number=3) == [0, 1, 2, 3]

    def test_to_that_frame(self, qtbot, with_box):
        assert self.track(qtbot, with_box, until=Reach.FRAME, number=2) == [0, 1, 2]

    def test_to_a_frame_on_the_wrong_side_is_said(self, qtbot, with_box):
        found = self.track(
            qtbot, with_box, Direction.BACKWARD, until=Reach.FRAME, number=2
        )
        assert found == [0]
        assert "does not lie back" in with_box.status.text()

    def test_within_the_selected_frames(self, qtbot, with_box):
        with_box.timeline.view.select_range((0, 4))
        assert self.track(qtbot, with_box, until=Reach.RANGE) == [0, 1, 2, 3, 4]

    def test_without_selected_frames_it_is_said(self, qtbot, with_box):
        assert self.track(qtbot, with_box, until=Reach.RANGE) == [0]
        assert "Select frames first" in with_box.status.text()

    def test_number_is_shown_where_it_counts(self, panel):
        number = panel.run.form.widgets["number"].native
        assert number.isHidden()
        panel.run.form.change(until=Reach.FRAME)
        assert not number.isHidden()


@pytest.fixture
def folder(tmp_path, frames):
    tifffile = pytest.importorskip("tifffile")
    folder = tmp_path / "films"
    folder.mkdir()
    for number in (1, 2, 10):
        shown = np.roll(frames[..., 0], number, axis=2)
        path = folder / f"film{number}.tif"
        tifffile.imwrite(path, shown, photometric="minisblack")
    return folder


class TestVideos:
    @pytest.fixture
    def first(self, panel, folder, viewer):
        viewer.layers.clear()
        panel.switch_to(folder / "film1.tif")
        return panel

    def files(self, panel):
        texts = [
            panel.video.videos.itemText(i) for i in range(panel.video.videos.count())
        ]
        return texts[2:]  # behind the layer and the separator

    def test_folder_is_listed_with_states(self, first, helpers, folder):
        assert self.files(first) == ["○ film2.tif", "○ film10.tif"]
        first.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        first.video.done.click()
        first.go_to_video(1)
        first.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        first.go_to_video(1)
        assert self.files(first) == ["● film1.tif", "◐ film2.tif"]

    def test_next_video_in_one_key(self, first, press, viewer, helpers):
        first.controller.edits.draw_box(helpers.square_box(4), frame_index=4)
        first.link.go_to(4)
        press("Shift+N")
        assert first.video.videos.currentText() == "film2"
        assert first.controller.state.frame_index == 0
        assert first.controller.state.targets == []
        press("Shift+N")
        press("Shift+N")
        assert "last video" in first.status.text()
        press("Shift+M")
        press("Shift+M")
        assert len(first.controller.state.targets) == 1
        names = [layer.name for layer in viewer.layers]
        assert [name for name in names if name.startswith("film")] == ["film1"]

    def test_done_is_there_the_next_day(self, first, helpers):
        assert not first.video.done.isEnabled()
        first.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        first.video.done.click()
        first.go_to_video(1)
        assert not first.video.done.isChecked()
        first.go_to_video(-1)
        assert first.video.done.isChecked()

    def test_dropped_video_takes_the_place_of_the_one_at_work(
        self, qtbot, first, viewer, folder, helpers
    ):
        from napari.layers import Layer

        from fcot_engine.video import open_frames
        from napari_fcot.layers import PATH_KEY, source_layer_data

        first.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        before, path = first.link.video, folder / "film2.tif"
        layer = Layer.create(
            *source_layer_data(open_frames(path), **{PATH_KEY: str(path)})
        )
        viewer.add_layer(layer)
        qtbot.waitUntil(lambda: first.link.video is layer)
        assert first.controller.state.targets == []
        assert (before.visible, layer.visible) == (False, True)


class TestFiles:
    def test_images_are_written_with_the_labels(self, qtbot, with_box, export_folder):
        with_box._ask_export = lambda parent, choice: replace(
            choice, folder=export_folder, yolo=True, images=True
        )
        with_box.export.click()
        qtbot.waitUntil(lambda: not with_box.runner.is_busy)
        for place in ("yolo", "coco", "mot"):
            found = list((export_folder / place).rglob("000012.jpg"))
            assert len(found) == 1

    def test_export_begins_in_the_folder_of_the_video(self, panel, viewer, folder):
        asked = []
        panel._ask_export = lambda parent, choice: asked.append(choice.folder)
        panel._ask_import = lambda parent, choice: asked.append(choice.path)
        panel.switch_to(folder / "film1.tif")
        panel._on_export()
        panel.load.click()
        assert asked == [folder, folder]

    def test_some_targets_are_exported_alone(self, qtbot, two_targets, export_folder):
        two_targets.targets.export_wanted.emit([2])
        qtbot.waitUntil(lambda: not two_targets.runner.is_busy)
        (path,) = (export_folder / "mot").rglob("gt.txt")
        ids = {line.split(",")[1] for line in path.read_text().splitlines()}
        assert ids == {"2"}


def test_what_looks_good_is_remembered_and_shown(qtbot, panel, folder, viewer, helpers):
    panel.switch_to(folder / "film1.tif")
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    panel.run.forward.click()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    stop = WorkStop(1, 6, 0.5, 0.5, ("jump",))
    panel.work.show_stops([stop], {1: "object 1"})
    panel.work.next.click()
    panel.work.looks_good.click()
    panel.go_to_video(1)
    panel.go_to_video(-1)
    panel.link.go_to(6)
    assert panel.box_text.text().endswith("looks good to you")
