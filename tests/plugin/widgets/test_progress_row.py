"""How far a run is can be seen, and it can be stopped, in every tab."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("tab", range(4))
def test_stop_and_status_are_in_sight_in_every_tab(qtbot, with_box, tracker, tab):
    tracker.delay_s = 0.05
    with_box.resize(340, 560)
    with_box.show()
    with_box.run.forward.click()
    with_box.tabs.setCurrentIndex(tab)
    for widget in (with_box.progress.stop, with_box.progress.bar, with_box.status):
        assert widget.isVisibleTo(with_box)
        assert not widget.visibleRegion().isEmpty()
    with_box.progress.stop.click()
    assert not with_box.controller.can_stop


def test_bar_moves_to_and_fro_while_nobody_knows_how_long(with_box, tracker):
    tracker.delay_s = 0.05
    with_box.run.forward.click()
    with_box.controller._stage = "Loading the network"
    with_box.progress.show_state(with_box.controller)
    assert with_box.progress.bar.maximum() == 0
    with_box.progress.stop.click()
    assert with_box.progress.bar.maximum() > 0


def test_panel_asks_for_little_room(with_box):
    with_box.show()
    assert with_box.sizeHint().width() <= 360
    assert with_box.minimumSizeHint().width() <= 350
    assert with_box.minimumSizeHint().height() <= 560
    with_box.hide()
