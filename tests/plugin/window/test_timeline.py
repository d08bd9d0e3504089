"""The timeline below a real canvas."""

from __future__ import annotations

import pytest
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QDockWidget

from napari_fcot.layers import video_layer_data
from napari_fcot.preferences import PreferencesStore
from napari_fcot.timeline import DOCK_NAME, TimelineColors
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets import TrackingWidget

pytestmark = pytest.mark.window


@pytest.fixture
def viewer(make_napari_viewer, frames):
    viewer = make_napari_viewer(show=True)
    data = video_layer_data(frames, name="square", frame_rate=25.0)
    viewer.add_layer(Layer.create(*data))
    return viewer


@pytest.fixture
def panel(qtbot, viewer, tracker):
    panel = TrackingWidget(
        viewer,
        TrackingController(lambda: tracker),
        preferences=PreferencesStore.in_memory(),
    )
    viewer.window.add_dock_widget(panel, name="Track boxes", area="right")
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    yield panel
    panel.controller.runs.stop()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)


def timeline_docks(viewer):
    docks = viewer.window._qt_window.findChildren(QDockWidget)
    return [dock for dock in docks if dock.objectName() == DOCK_NAME]


def click_frame(qtbot, timeline, frame):
    view = timeline.view
    at = view.plot.point_of(frame, 0)
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=at)


def test_click_moves_the_viewer_and_the_viewer_moves_the_cursor(
    qtbot, viewer, panel, helpers
):
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    click_frame(qtbot, panel.timeline, 8)
    assert viewer.dims.current_step[0] == 8
    viewer.dims.set_current_step(0, 3)
    assert panel.timeline.model.frame_index == 3


def test_arrow_keys_move_the_viewer_by_one_frame(qtbot, viewer, panel):
    click_frame(qtbot, panel.timeline, 5)
    qtbot.keyClick(panel.timeline.view, Qt.Key.Key_Right)
    assert viewer.dims.current_step[0] == 6


def test_tracked_boxes_come_into_the_timeline(qtbot, panel, helpers):
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    panel.run.forward.click()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    assert panel.timeline.model.row(1).n_boxes == 12


def test_click_while_tracking_stays_at_its_frame(
    qtbot, viewer, panel, helpers, tracker
):
    tracker.delay_s = 0.05
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    panel.run.forward.click()
    qtbot.waitUntil(lambda: panel.timeline.model.row(1).n_boxes > 2)
    click_frame(qtbot, panel.timeline, 0)
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    assert viewer.dims.current_step[0] == 0
    assert not panel.run.form.value.follow


def test_it_opens_once_below_the_canvas_and_says_what_it_is(qtbot, viewer, panel):
    panel.timeline_dock.show()
    (dock,) = timeline_docks(viewer)
    window = viewer.window._qt_window
    assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
    assert panel.timeline.isVisible()
    assert panel.show_timeline.isChecked()


def test_hidden_or_closed_it_comes_back_by_the_panel(qtbot, viewer, panel):
    (dock,) = timeline_docks(viewer)
    dock.title.hide_button.click()
    assert not panel.show_timeline.isChecked()
    panel.show_timeline.click()
    assert panel.timeline.isVisible()
    dock.title.close_button.click()
    assert not panel.show_timeline.isChecked()
    qtbot.waitUntil(lambda: timeline_docks(viewer) == [])
    panel.show_timeline.click()
    assert panel.timeline.isVisible()
    assert len(timeline_docks(viewer)) == 1


def test_panel_hides_it(viewer, panel):
    panel.show_timeline.click()
    assert not panel.timeline.isVisible()


def test_it_goes_with_the_panel(qtbot, viewer, panel):
    viewer.window.remove_dock_widget(panel)
    qtbot.waitUntil(lambda: timeline_docks(viewer) == [])


def test_it_follows_the_theme(qtbot, viewer, panel):
    for theme in ("dark", "light"):
        viewer.theme = theme
        ground = panel.timeline.view.grab().toImage().pixelColor(3, 3)
        assert ground == QColor(*TimelineColors.of_theme(theme).background)
