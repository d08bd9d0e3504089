"""The panel over a viewer without a window, and nothing left open behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from napari_fcot.preferences import PreferencesStore
from napari_fcot.tracking import TrackingController
from napari_fcot.widgets import TrackingWidget


@pytest.fixture(autouse=True)
def no_widget_is_left_open(qapp):
    before = set(QApplication.topLevelWidgets())
    yield
    qapp.processEvents()
    left = [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget not in before and widget.isVisible()
    ]
    assert left == []


@pytest.fixture
def viewer(frames):
    viewer = ViewerModel()
    viewer.add_image(frames, rgb=True, name="square", contrast_limits=(0, 255))
    viewer.dims.set_current_step(0, 0)
    return viewer


@pytest.fixture
def problems():
    return []


@pytest.fixture
def export_folder(tmp_path):
    return tmp_path / "export"


@pytest.fixture
def panel(qtbot, viewer, tracker, problems, export_folder):
    panel = TrackingWidget(
        viewer,
        TrackingController(lambda: tracker),
        preferences=PreferencesStore.in_memory(),
        ask_export=lambda parent, choice: replace(
            choice, folder=export_folder, coco=False
        ),
        show_problem=lambda parent, sentence: problems.append(sentence),
    )
    qtbot.addWidget(panel)
    qtbot.waitUntil(lambda: not panel.runner.is_busy)
    yield panel
    panel.controller.runs.stop()
    tracker.gate.set()
    qtbot.waitUntil(lambda: not panel.runner.is_busy)


@pytest.fixture
def with_box(panel, helpers):
    panel.controller.edits.draw_box(helpers.square_box(0), frame_index=0)
    return panel
