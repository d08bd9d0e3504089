"""Nothing left open behind a widget."""

from __future__ import annotations

import pytest


@pytest.fixture
def no_widget_is_left_open(qapp):
    from qtpy.QtWidgets import QApplication

    before = set(QApplication.topLevelWidgets())
    yield
    qapp.processEvents()
    left = [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget not in before and widget.isVisible()
    ]
    assert left == []
