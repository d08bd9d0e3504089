"""Pictures that differ with what they tell."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QImage, QPainter

from napari_fcot.widgets.target_table import paint_eye, paint_lock, paint_swatch

CELL = QRect(0, 0, 24, 24)
INK = QColor("#ffffff")


def picture_of(paint):
    image = QImage(24, 24, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image


def mean_grey(image):
    greys = [image.pixelColor(x, y).lightness() for x in range(24) for y in range(24)]
    return sum(greys) / len(greys)


@pytest.mark.parametrize(
    ("plain", "faint"),
    [
        pytest.param(
            lambda p: paint_eye(p, CELL, INK, is_open=True),
            lambda p: paint_eye(p, CELL, INK, is_open=False),
            id="eye",
        ),
        pytest.param(
            lambda p: paint_lock(p, CELL, INK, is_locked=True),
            lambda p: paint_lock(p, CELL, INK, is_locked=False),
            id="lock",
        ),
    ],
)
def test_what_is_so_stands_out(qapp, plain, faint):
    assert mean_grey(picture_of(plain)) > 1.5 * mean_grey(picture_of(faint)) > 0


def test_swatch_has_its_colour(qapp):
    image = picture_of(lambda p: paint_swatch(p, CELL, QColor("#0072b2"), INK))
    assert image.pixelColor(12, 12).name() == "#0072b2"


def test_painter_is_left_as_it_was(qapp):
    kept = []

    def paint(painter):
        painter.setOpacity(0.7)
        paint_eye(painter, CELL, INK, is_open=False)
        kept.append(painter.opacity())

    picture_of(paint)
    assert kept == [pytest.approx(0.7, abs=0.01)]
