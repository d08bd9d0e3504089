"""The score map of the frame on the screen, and its peaks to choose from."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Origin
from fcot_engine.tracker import ScoreMap, ScoreMaps
from napari_fcot.tracking import MapKind

HERE, THERE = (18.0, 28.0), (70.0, 52.0)
"""The box of frame 0 is around the first; both are peaks."""


def two_peaks(first=1.0, second=0.7) -> ScoreMaps:
    """Peaks at HERE and THERE, cells of 4 px; the coarse map has the second only."""
    rows, columns = np.mgrid[:20, :30]

    def bump(place_xy):
        x, y = place_xy
        return np.exp(-((columns * 4 - x) ** 2 + (rows * 4 - y) ** 2) / 40)

    fused, coarse = (
        ScoreMap(values.astype(np.float16), (0.0, 0.0), 4.0)
        for values in (first * bump(HERE) + second * bump(THERE), bump(THERE))
    )
    return ScoreMaps(fused=fused, fine=fused, coarse=coarse)


@pytest.fixture
def heatmap(link):
    return link.heatmap


@pytest.fixture
def rings(link):
    return link._sheet.rings


@pytest.fixture
def boxed(controller, link, helpers):
    """A target with a box and a map of two peaks in frame 0."""
    controller.runs.teaches_at_once = False
    controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    controller.state.session.score_maps.put(1, 0, two_peaks())
    return controller


def centre_of(box):
    x, y, w, h = box.box_xywh
    return x + w / 2, y + h / 2


def layer_of(viewer, kind="fused"):
    return viewer.layers[f"FCOT heatmap ({kind})"]


def peak_of(layer):
    """Where the highest score lies, in image pixels."""
    place = np.unravel_index(layer.data.argmax(), layer.data.shape)
    y, x = np.asarray(layer.data_to_world(place)) + 0.5
    return x, y


class TestMap:
    def test_is_a_layer_when_asked_for(self, viewer, heatmap, boxed):
        told = []
        heatmap.toggled.connect(told.append)
        assert not any("heatmap" in layer.name for layer in viewer.layers)
        heatmap.show(True)
        layer = layer_of(viewer)
        assert layer.visible
        np.testing.assert_allclose(peak_of(layer), HERE, atol=2.5)
        heatmap.show(False)
        assert not layer.visible
        assert told == [True, False]

    def test_lies_between_video_and_boxes_and_leaves_the_active_layer(
        self, viewer, heatmap, boxed
    ):
        active = viewer.layers.selection.active
        heatmap.show(True)
        names = [layer.name for layer in viewer.layers]
        assert names == ["square", "FCOT heatmap (fused)", "FCOT boxes"]
        assert viewer.layers.selection.active is active

    def test_follows_the_frame(self, viewer, heatmap, boxed):
        heatmap.show(True)
        viewer.dims.set_current_step(0, 4)
        assert not layer_of(viewer).data.any()
        assert heatmap.is_missing
        viewer.dims.set_current_step(0, 0)
        assert layer_of(viewer).data.any()
        assert not heatmap.is_missing

    def test_what_lies_outside_of_the_frame_is_left_out(self, viewer, heatmap, boxed):
        before = viewer.layers.extent.world
        over = ScoreMap(np.ones((5, 5), np.float16), (-6.0, 2.0), 4.0)
        boxed.state.session.score_maps.put(1, 0, ScoreMaps(over, over, over))
        heatmap.show(True)
        assert layer_of(viewer).data.shape == (5, 3)
        assert layer_of(viewer).data_to_world((0, 0)) == (1.5, 1.5)
        np.testing.assert_array_equal(viewer.layers.extent.world, before)

    def test_kinds_are_layers_of_their_own_and_can_be_seen_together(
        self, viewer, heatmap, boxed
    ):
        heatmap.show(True)
        heatmap.show_kind(MapKind.COARSE)
        np.testing.assert_allclose(peak_of(layer_of(viewer, "coarse")), THERE, atol=2.5)
        assert not layer_of(viewer).visible
        layer_of(viewer).visible = True
        viewer.dims.set_current_step(0, 4)
        assert not layer_of(viewer).data.any()
        assert not layer_of(viewer, "coarse").data.any()

    def test_napari_s_eye_hides_and_shows_it(self, viewer, heatmap, boxed):
        heatmap.show(True)
        told = []
        heatmap.toggled.connect(told.append)
        layer_of(viewer).visible = False
        assert not heatmap.is_shown
        viewer.dims.set_current_step(0, 4)
        assert layer_of(viewer).data.any()  # nothing is computed
        layer_of(viewer).visible = True
        assert not layer_of(viewer).data.any()
        assert told == [False, True]

    def test_look_that_a_person_set_stays(self, viewer, heatmap, boxed):
        heatmap.show(True)
        layer_of(viewer).opacity, layer_of(viewer).colormap = 0.3, "viridis"
        for frame in (4, 0):
            viewer.dims.set_current_step(0, frame)
        heatmap.show(False)
        heatmap.show(True)
        layer = layer_of(viewer)
        assert (layer.opacity, layer.colormap.name) == (0.3, "viridis")

    def test_removed_by_hand_is_switched_off_and_comes_back(
        self, viewer, heatmap, boxed
    ):
        heatmap.show(True)
        viewer.layers.remove(layer_of(viewer))
        assert not heatmap.is_shown
        heatmap.show(True)
        assert layer_of(viewer).data.any()

    def test_of_a_hidden_target_is_empty(self, viewer, heatmap, boxed):
        heatmap.show(True)
        boxed.state.show_target(1, False)
        assert not layer_of(viewer).data.any()

    def test_goes_with_the_video_and_is_none_itself(self, viewer, link, heatmap, boxed):
        heatmap.show(True)
        assert [layer.name for layer in link.candidates] == ["square"]
        link.choose_video(None)
        assert [layer.name for layer in viewer.layers] == ["square"]

    def test_follows_a_video_that_is_scaled(self, viewer, video, heatmap, boxed):
        heatmap.show(True)
        video.scale = (1, 2, 2)
        x, y = peak_of(layer_of(viewer))
        np.testing.assert_allclose((x / 2, y / 2), HERE, atol=2.5)

    def test_comes_while_tracking(self, viewer, link, heatmap, controller, helpers):
        heatmap.show(True)
        controller.edits.draw_box(helpers.square_box(0), frame_index=0)
        helpers.run_jobs(controller, controller.runs.start_tracking)
        link.go_to(5)
        x, y, w, h = helpers.square_box(5)
        np.testing.assert_allclose(
            peak_of(layer_of(viewer)), (x + w / 2, y + h / 2), atol=2
        )


class TestPeaks:
    def test_that_of_the_box_comes_first(self, heatmap, boxed):
        boxed.state.session.score_maps.put(1, 0, two_peaks(first=0.6, second=0.9))
        places = [(peak.x, peak.y) for peak in heatmap.peaks]
        np.testing.assert_allclose(places, [HERE, THERE], atol=1.0)

    def test_rings_are_there_with_the_map_and_while_picking(
        self, heatmap, rings, boxed
    ):
        assert rings.peaks == ()
        heatmap.pick()
        assert len(rings.peaks) == 2
        heatmap.pick(False)
        assert rings.peaks == ()
        heatmap.show(True)
        assert len(rings.peaks) == 2

    def test_next_one_gets_the_box_and_the_old_place_is_rejected(self, heatmap, boxed):
        old = boxed.state.current_box.box_xywh
        heatmap.accept_next()
        np.testing.assert_allclose(centre_of(boxed.state.current_box), THERE, atol=1.0)
        assert boxed.state.current_box.box_xywh[2:] == old[2:]
        assert boxed.state.current_box.origin is Origin.HUMAN
        (rejection,) = boxed.state.selected.info.rejections
        np.testing.assert_allclose(rejection.box_xywh, old)

    def test_once_more_goes_back(self, heatmap, boxed):
        heatmap.accept_next()
        heatmap.accept_next()
        np.testing.assert_allclose(centre_of(boxed.state.current_box), HERE, atol=1.0)

    def test_without_another_one_it_says_so(self, heatmap, boxed):
        heatmap.accept_next()
        boxed.state.session.score_maps.put(1, 0, two_peaks(first=0.0))
        heatmap.accept_next()
        assert "no other peak" in boxed.state.message

    def test_without_a_map_it_says_what_to_do(self, viewer, heatmap, boxed):
        viewer.dims.set_current_step(0, 3)
        heatmap.accept_next()
        assert "track over it" in boxed.state.message

    def test_a_locked_target_stays(self, heatmap, boxed):
        boxed.state.lock_target(1, True)
        before = boxed.state.current_box
        heatmap.accept_next()
        assert boxed.state.current_box == before
        assert "is locked" in boxed.state.message

    def test_it_teaches(self, heatmap, controller, boxed, helpers, tracker):
        helpers.run_jobs(controller, controller.runs.start_tracking)
        controller.state.session.score_maps.put(1, 0, two_peaks())
        controller.runs.teaches_at_once = True
        helpers.run_jobs(controller, heatmap.accept_next)
        taught = [call[1] for call in tracker.calls if call[0] in ("init", "correct")]
        assert any(abs(box[0] + box[2] / 2 - THERE[0]) < 1 for box in taught)

    def test_undo_takes_it_back(self, heatmap, boxed, helpers):
        heatmap.accept_next()
        boxed.undo()
        assert boxed.state.current_box.box_xywh == helpers.square_box(0)
        assert boxed.state.selected.info.rejections == ()


class TestClicks:
    def click(self, link, place_xy, *modifiers):
        link._clicks.clicked.emit(*place_xy, frozenset(modifiers))

    def test_with_the_key_moves_the_box(self, link, boxed):
        self.click(link, (THERE[0] + 3, THERE[1] - 2), "Control")
        np.testing.assert_allclose(centre_of(boxed.state.current_box), THERE, atol=1.0)

    def test_after_the_button_moves_the_box_once(self, link, heatmap, boxed):
        heatmap.pick()
        self.click(link, THERE)
        np.testing.assert_allclose(centre_of(boxed.state.current_box), THERE, atol=1.0)
        assert not heatmap.is_picking

    def test_beside_all_peaks_says_so_and_waits(self, link, heatmap, boxed):
        heatmap.pick()
        self.click(link, (110.0, 5.0))
        assert "no peak near" in boxed.state.message
        assert heatmap.is_picking

    def test_on_nothing_leaves_the_box(self, link, boxed):
        before = boxed.state.current_box
        self.click(link, THERE)
        assert boxed.state.current_box == before
