"""A line of text that leaves its surroundings alone."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_fcot.widgets.panel_layout import OneLine


class Requests(QObject):
    """Counts how often a widget is asked to lay out its parts."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.LayoutRequest:
            self.count += 1
        return False


@pytest.mark.parametrize(("kind", "asks"), [(OneLine, False), (QLabel, True)])
def test_another_text_asks_for_no_new_layout(qtbot, kind, asks):
    panel = QWidget()
    qtbot.addWidget(panel)
    layout = QVBoxLayout(panel)
    line = kind()
    layout.addWidget(line)
    panel.show()
    qtbot.waitExposed(panel)
    qtbot.wait(20)  # the first layout is done
    requests = Requests()
    panel.installEventFilter(requests)
    line.setText("a text that is much longer than the one before it was")
    qtbot.wait(20)
    assert (requests.count > 0) is asks


def test_it_paints_its_text(qtbot):
    line = OneLine()
    qtbot.addWidget(line)
    line.resize(200, line.sizeHint().height())
    empty = line.grab().toImage()
    line.setText("Frame 7")
    assert line.text() == "Frame 7"
    assert line.grab().toImage() != empty


def test_it_fits_any_width(qtbot):
    line = OneLine()
    qtbot.addWidget(line)
    line.setText("word " * 100)
    assert line.minimumSizeHint().width() <= 0
    assert line.sizeHint().height() < 3 * line.fontMetrics().height()
