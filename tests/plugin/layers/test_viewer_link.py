"""A viewer and a controller in step, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Origin
from fcot_engine.errors import MovedVideoError
from napari_fcot.layers import ViewerLink
from napari_fcot.tracking import Activity, TrackingController


@pytest.fixture
def tracked(controller, link, helpers):
    """The square is tracked to the end; the viewer is back at frame 0."""
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    helpers.run_jobs(controller, controller.runs.start_tracking)
    return controller


class TestTime:
    def test_controller_follows_the_slider(self, viewer, link, controller):
        viewer.dims.set_current_step(0, 4)
        assert controller.state.frame_index == 4

    def test_slider_follows_go_to(self, viewer, link, controller):
        link.go_to(7)
        assert viewer.dims.current_step[0] == 7
        assert controller.state.frame_index == 7

    def test_frames_are_told_apart_when_time_is_scaled(
        self, viewer, controller, frames
    ):
        layer = viewer.add_image(
            frames, rgb=True, scale=(0.04, 1, 1), translate=(2, 0, 0)
        )
        link = ViewerLink(viewer, controller)
        link.choose_video(layer)
        for frame_index in (0, 5, 11):
            link.go_to(frame_index)
            assert controller.state.frame_index == frame_index
        link.close()

    def test_boxes_are_those_of_the_frame_on_the_screen(
        self, viewer, boxes, tracked, helpers
    ):
        viewer.dims.set_current_step(0, 3)
        x, y, _, _ = helpers.square_box(3)
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))
        assert len(boxes.data) == 1

    def test_frame_does_not_change_under_a_person_who_draws(
        self, viewer, link, boxes, drag
    ):
        boxes.mode = "add_rectangle"
        drag(boxes, (5, 5), (30, 30), before_release=lambda: link.go_to(9))
        assert viewer.dims.current_step[0] == 0

    def test_a_fresh_video_starts_at_its_first_frame(self, viewer, controller, frames):
        layer = viewer.add_image(frames, rgb=True)  # napari shows frame 5 of 12
        link = ViewerLink(viewer, controller)
        link.choose_video(layer)
        assert controller.state.frame_index == 0
        link.close()

    def test_a_frame_that_a_person_went_to_stays(self, viewer, controller, frames):
        layer = viewer.add_image(frames, rgb=True)
        viewer.dims.set_current_step(0, 8)
        link = ViewerLink(viewer, controller)
        link.choose_video(layer)
        assert controller.state.frame_index == 8
        link.close()

    def test_go_to_says_whether_it_could(self, link, boxes, drag):
        assert link.go_to(3) is True
        said = []
        link.start_drawing()
        drag(boxes, (5, 5), (30, 30), before_release=lambda: said.append(link.go_to(9)))
        assert said == [False]
        link.choose_video(None)
        assert link.go_to(3) is False


class TestDrawing:
    def test_drawing_gives_the_selected_target_a_box(
        self, link, controller, boxes, drag
    ):
        link.start_drawing()
        drag(boxes, (19.5, 9.5), (22, 12), (35.5, 25.5))
        box = controller.state.current_box
        assert box.origin is Origin.HUMAN
        np.testing.assert_allclose(box.box_xywh, (10, 20, 16, 16), atol=0.6)

    def test_drawn_box_can_be_moved_right_away(self, link, controller, boxes, drag):
        link.start_drawing()
        drag(boxes, (19.5, 9.5), (22, 12), (35.5, 25.5))
        assert boxes.mode == "select"
        assert boxes.selected_data == {0}
        before = controller.state.current_box.box_xywh
        drag(boxes, (28.0, 18.0), (29.0, 18.0), (31.0, 20.0))
        after = controller.state.current_box.box_xywh
        np.testing.assert_allclose(np.subtract(after, before), (2, 3, 0, 0), atol=1e-6)

    def test_drawing_again_in_a_frame_corrects_its_box(
        self, viewer, link, boxes, drag, tracked
    ):
        viewer.dims.set_current_step(0, 5)
        link.start_drawing()
        drag(boxes, (5, 5), (10, 10), (40, 40))
        assert len(boxes.data) == 1
        assert tracked.state.current_box.origin is Origin.CORRECTED

    def test_scaled_and_moved_video_gives_boxes_in_its_own_pixels(
        self, viewer, controller, frames
    ):
        layer = viewer.add_image(
            frames, rgb=True, scale=(1, 0.5, 0.25), translate=(0, 100, 200)
        )
        link = ViewerLink(viewer, controller)
        link.choose_video(layer)
        boxes = viewer.layers["FCOT boxes"]
        world = [
            (100 + 0.5 * y, 200 + 0.25 * x) for y, x in [(19.5, 9.5), (35.5, 25.5)]
        ]
        boxes.add_rectangles(np.array([boxes.world_to_data(point) for point in world]))
        np.testing.assert_allclose(
            controller.state.current_box.box_xywh, (10, 20, 16, 16)
        )
        link.close()

    def test_boxes_move_with_the_video(self, video, boxes, tracked):
        video.translate = (0, 50, 60)
        np.testing.assert_allclose(boxes.data_to_world((0, 0)), (50, 60))

    def test_click_without_a_drag_leaves_no_shape(self, link, controller, boxes, drag):
        link.start_drawing()
        drag(boxes, (30.0, 30.0))
        assert len(boxes.data) == 0
        assert controller.state.current_box is None

    def test_deleting_the_shape_deletes_this_frame_only(self, viewer, boxes, tracked):
        viewer.dims.set_current_step(0, 5)
        boxes.selected_data = {0}
        boxes.remove_selected()
        assert len(tracked.state.selected.boxes) == 11
        assert tracked.state.selected.boxes.get(5) is None

    def test_an_unusable_box_is_taken_off_the_screen(self, boxes, tracked):
        boxes.add_rectangles(np.array([[900.0, 900.0], [950.0, 950.0]]))
        assert len(boxes.data) == 1
        assert len(tracked.state.selected.boxes) == 12

    def test_removed_box_layer_comes_back_with_its_boxes(
        self, viewer, link, boxes, tracked
    ):
        viewer.layers.remove(boxes)
        link.start_drawing()
        assert len(viewer.layers["FCOT boxes"].data) == 1

    def test_each_target_is_shown(self, link, boxes, tracked):
        tracked.edits.add_target()
        tracked.edits.draw_box((70.0, 10.0, 20.0, 20.0), frame_index=0)
        assert len(boxes.data) == 2

    def test_clicking_a_box_selects_its_target(self, link, boxes, tracked, drag):
        tracked.edits.add_target()
        tracked.edits.draw_box((70.0, 10.0, 20.0, 20.0), frame_index=0)
        boxes.mode = "select"
        drag(boxes, (28.0, 18.0))
        assert tracked.state.selected_id == 1


class TestHandles:
    def test_editing_puts_them_on_the_selected_box(self, link, boxes, tracked):
        link.start_editing()
        assert boxes.mode == "select"
        assert boxes.selected_data == {0}


class TestIn3d:
    def test_there_are_no_boxes_until_one_is_back(self, viewer, boxes, tracked):
        viewer.dims.ndisplay = 3
        assert len(boxes.data) == 0
        tracked.state.show_target(1, False)
        tracked.state.show_target(1, True)  # rewriting them there would fail in napari
        viewer.dims.ndisplay = 2
        assert len(boxes.data) == 1

    def test_drawing_is_said_to_be_impossible(self, viewer, link, boxes, tracked):
        viewer.dims.ndisplay = 3
        for do in (link.start_drawing, link.start_editing):
            do()
            assert "2D" in tracked.state.message
            assert boxes.mode == "pan_zoom"


class TestVideos:
    def test_our_own_layers_are_no_candidates(self, link, video, tracked):
        assert link.candidates == [video]

    @pytest.mark.parametrize(
        ("data", "options", "sentence"),
        [
            pytest.param(
                np.zeros((20, 30)), {}, "single picture without a time axis", id="2d"
            ),
            pytest.param(
                np.zeros((20, 30, 3), np.uint8),
                {"rgb": True},
                "single picture without a time axis",
                id="rgb_picture",
            ),
            pytest.param(
                np.zeros((4, 3, 20, 30)), {"rgb": False}, "has 4 axes", id="4d"
            ),
            pytest.param(np.zeros((5, 1, 1), np.uint8), {}, "pixels", id="one_pixel"),
        ],
    )
    def test_what_is_no_video_is_said_in_one_sentence(
        self, viewer, link, controller, data, options, sentence
    ):
        problems = []
        controller.state.failed.connect(problems.append)
        link.choose_video(viewer.add_image(data, **options))
        assert len(problems) == 1
        assert sentence in problems[0]
        assert controller.state.session is None

    def test_gray_stack_is_a_video(self, viewer, link, controller, frames):
        link.choose_video(viewer.add_image(frames[..., 0], rgb=False))
        assert controller.state.session.n_frames == 12
        assert controller.state.session.source.read(0).shape == (80, 120, 3)

    def test_boxes_outlive_the_panel(self, viewer, video, link, tracked):
        link.close()
        assert "FCOT boxes" not in viewer.layers
        again = TrackingController()
        second = ViewerLink(viewer, again)
        second.choose_video(video)
        assert len(again.state.selected.boxes) == 12
        second.close()

    def test_each_video_keeps_its_boxes(self, viewer, video, link, tracked, frames):
        link.choose_video(viewer.add_image(frames[:, ::-1], rgb=True))
        assert tracked.state.targets == []
        link.choose_video(video)
        assert len(tracked.state.selected.boxes) == 12

    def test_removed_video_stops_the_run_and_saves_the_boxes(
        self, viewer, video, link, controller, helpers, frames
    ):
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(controller, controller.runs.start_tracking, limit=7)
        n_boxes = len(controller.state.selected.boxes)
        viewer.layers.remove(video)
        assert controller.runs.activity is Activity.IDLE
        assert "come back" in controller.state.message
        assert len(viewer.layers) == 0
        link.choose_video(viewer.add_image(frames, rgb=True))
        assert len(controller.state.selected.boxes) == n_boxes

    def test_removed_empty_video_leaves_nothing(self, viewer, video, link, controller):
        viewer.layers.remove(video)
        assert controller.state.session is None

    def test_a_hidden_target_is_not_drawn(self, boxes, tracked):
        tracked.state.show_target(1, False)
        assert len(boxes.data) == 0
        tracked.state.show_target(1, True)
        assert len(boxes.data) == 1

    def test_a_box_of_a_locked_target_jumps_back(self, boxes, tracked, helpers):
        tracked.state.lock_target(1, True)
        boxes.data = [boxes.data[0] + 5]
        x, y, _, _ = helpers.square_box(0)
        np.testing.assert_allclose(boxes.data[0].min(axis=0), (y - 0.5, x - 0.5))


class TestProjects:
    @pytest.fixture
    def path(self, tmp_path, frames):
        tifffile = pytest.importorskip("tifffile")
        path = tmp_path / "stack.tif"
        tifffile.imwrite(path, frames[..., 0], photometric="minisblack")
        return path

    def test_project_of_a_file_lies_beside_it(self, link, controller, path, helpers):
        link.open_video(path)
        assert not (path.parent / "stack.fcot").exists()
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        assert (path.parent / "stack.fcot").exists()

    def test_opening_the_video_again_goes_on_with_it(
        self, link, controller, path, helpers
    ):
        link.open_video(path)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        link.choose_video(None)
        link.open_video(path)
        assert controller.state.current_box is not None
        assert controller.state.message.startswith("Went on with stack.fcot: 1 target")

    def test_opening_the_project_opens_its_video(
        self, viewer, link, controller, path, helpers
    ):
        link.open_video(path)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        link.choose_video(None)
        viewer.layers.clear()
        link.open_project(path.parent / "stack.fcot")
        assert link.video is not None
        assert controller.state.current_box is not None

    def test_a_moved_video_is_asked_for(self, link, controller, path, helpers):
        link.open_video(path)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        link.choose_video(None)
        moved = path.parent / "elsewhere.tif"
        path.rename(moved)
        project = path.parent / "stack.fcot"
        with pytest.raises(MovedVideoError):
            link.open_project(project)
        link.open_project(project, video_path=moved)
        assert controller.state.current_box is not None

    def test_a_damaged_project_is_one_sentence(self, link, controller, tmp_path):
        problems = []
        controller.state.failed.connect(problems.append)
        path = tmp_path / "bad.fcot"
        path.write_text("{")
        link.open_project(path)
        assert len(problems) == 1
        assert "bad.fcot" in problems[0]

    def test_another_video_of_that_name_gets_its_own_project(
        self, link, controller, path, helpers, frames
    ):
        tifffile = pytest.importorskip("tifffile")
        link.open_video(path)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        link.choose_video(None)
        tifffile.imwrite(path, frames[:7, :, :, 0], photometric="minisblack")
        link.open_video(path)
        assert controller.state.targets == []
        assert "made on another video" in controller.state.message
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        assert (path.parent / "stack.2.fcot").exists()
