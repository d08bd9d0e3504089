"""Which score map, and how opaque."""

from __future__ import annotations

import pytest

from napari_fcot.tracking import MapKind
from napari_fcot.widgets.view_box import HeatmapLook


@pytest.fixture
def look(qtbot):
    look = HeatmapLook()
    qtbot.addWidget(look)
    return look


def test_every_kind_can_be_chosen(look):
    chosen = []
    look.kind_changed.connect(chosen.append)
    for row in (1, 2, 0):
        look.kind.setCurrentIndex(row)
    assert set(chosen) == set(MapKind)


def test_slider_tells_a_share(look):
    told = []
    look.opacity_changed.connect(told.append)
    look.opacity.setValue(30)
    assert told == [0.3]


def test_a_shown_opacity_is_told_once(look):
    told = []
    look.opacity_changed.connect(told.append)
    look.show_opacity(0.25)
    look.show_opacity(0.25)
    assert told == [0.25]
