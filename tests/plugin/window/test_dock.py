"""The panel comes from the manifest, and may go and come again."""

from __future__ import annotations

import pytest
from napari.layers import Layer

from napari_fcot.layers.lazy_frames import video_layer_data
from napari_fcot.tracking import Activity
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
    assert panel.videos.currentText() == "square"
    assert panel.controller.device_name != ""


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


def test_boxes_outlive_the_dock(qtbot, viewer, helpers):
    dock, panel = open_dock(qtbot, viewer)
    panel.controller.set_box(helpers.square_box(0), frame_index=0)
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: "FCOT boxes" not in viewer.layers)
    _, again = open_dock(qtbot, viewer)
    assert again is not panel
    assert again.controller.current_box.box_xywh == helpers.square_box(0)


def test_closing_the_dock_ends_the_run(qtbot, viewer, helpers):
    dock, panel = open_dock(qtbot, viewer)
    controller, runner = panel.controller, panel.runner
    controller.set_box(helpers.square_box(0), frame_index=0)
    panel.start_tracking()
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: controller.activity is Activity.IDLE)
    qtbot.waitUntil(lambda: not runner.is_busy, timeout=120_000)
