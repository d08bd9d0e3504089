"""Boxes as rows of numbers; nothing left open behind a widget."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import Origin, empty_rows


def make_rows(origin=Origin.TRACKED, score=0.5, *, is_lost=False, count=1):
    """Boxes that are all alike, as a session keeps them."""
    rows = empty_rows(count)
    rows["origin"], rows["score"], rows["is_lost"] = origin, score, is_lost
    rows["box"] = (1.0, 2.0, 3.0, 4.0) if origin else 0.0
    return rows


@pytest.fixture(scope="session")
def rows_of():
    return make_rows


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
