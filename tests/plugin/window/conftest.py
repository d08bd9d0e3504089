"""A real napari window with our manifest in it."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from npe2 import PluginManager, PluginManifest


@pytest.fixture(scope="session")
def clips():
    """The module beside this one, which is no package."""
    path = Path(__file__).with_name("story_clips.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def our_manifest(repository):
    """Registers the manifest where the package is not installed."""
    manager = PluginManager.instance()
    name = "napari-fcot"
    if name not in manager:
        manager.register(PluginManifest.from_file(repository / "napari.yaml"))
    return name


@pytest.fixture
def canvas_drag(qtbot):
    """Drag the mouse over the canvas, between two points in image pixels."""
    from qtpy.QtCore import QPoint, Qt

    def move_until_heard(native, point, heard) -> None:
        """Move the mouse; Qt drops moves that come close together."""
        for _ in range(40):
            qtbot.mouseMove(native, point)
            qtbot.wait(30)
            if heard and math.dist(heard[-1], (point.x(), point.y())) < 2:
                qtbot.wait(30)  # napari takes one move in 5 ms
                return
            qtbot.mouseMove(native, QPoint(point.x() + 1, point.y()))  # else no move
        raise AssertionError(f"The canvas has not heard of a move to {point}.")

    def wait_until_still(native) -> None:
        """Wait until the window has its last size: the parts beside may have moved."""
        size = None
        while native.size() != size:
            size = native.size()
            qtbot.wait(300)

    def drag(viewer, layer, start_xy, end_xy):
        canvas = viewer.window._qt_viewer.canvas
        native = canvas.native
        wait_until_still(native)

        def to_screen(point_xy) -> QPoint:
            world = np.array(
                layer.data_to_world((point_xy[1] - 0.5, point_xy[0] - 0.5))
            )
            transform = canvas.view.scene.transform
            x, y = transform.map([world[-1], world[-2], 0, 1])[:2]
            return QPoint(round(x), round(y))

        begin, end = to_screen(start_xy), to_screen(end_xy)
        between = QPoint((begin.x() + end.x()) // 2, (begin.y() + end.y()) // 2)
        qtbot.mouseMove(native, begin)
        qtbot.mousePress(native, Qt.MouseButton.LeftButton, pos=begin)
        moves = []
        canvas.events.mouse_move.connect(lambda event: moves.append(tuple(event.pos)))
        for point in (between, end):
            move_until_heard(native, point, moves)
        qtbot.mouseRelease(native, Qt.MouseButton.LeftButton, pos=end)

    return drag
