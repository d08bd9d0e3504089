"""What is painted over the canvas, as pictures."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QImage, QPainter

from fcot_engine.annotation import ScorePeak
from napari_fcot.layers import ShownBox
from napari_fcot.layers.painted import PeakRings, ThinBoxes
from napari_fcot.layers.pixel_frame import CanvasPlace

TWICE = CanvasPlace(np.diag([2.0, 2.0, 1.0]))
RED, GREEN = "#ff0000", "#00ff00"


def paint(part, place=TWICE) -> np.ndarray:
    """What it paints on a clear sheet of 120 x 100, RGBA."""
    sheet = QImage(120, 100, QImage.Format.Format_RGBA8888)
    sheet.fill(0)
    painter = QPainter(sheet)
    part.paint(painter, place)
    painter.end()
    bits = sheet.constBits()
    bits.setsize(sheet.sizeInBytes())
    return np.frombuffer(bytes(bits), np.uint8).reshape(100, 120, 4).astype(int)


def is_red(pixels) -> np.ndarray:
    return (pixels[..., 0] > 200) & (pixels[..., 1] < 60)


@pytest.fixture
def boxes():
    return ThinBoxes()


class TestPaint:
    def test_lines_lie_on_the_edges(self, boxes):
        boxes.show([ShownBox(1, (10, 5, 20, 15), RED)])
        rows, columns = np.nonzero(is_red(paint(boxes)))
        assert abs(columns.min() - 20) <= 1 and abs(columns.max() - 60) <= 1
        assert abs(rows.min() - 10) <= 1 and abs(rows.max() - 40) <= 1
        assert not paint(boxes)[15:35, 25:55].any()  # nothing inside

    def test_selected_one_is_thicker_and_on_top(self, boxes):
        selected = ShownBox(1, (10, 5, 20, 15), RED, is_selected=True)
        other = ShownBox(2, (10, 5, 20, 15), GREEN)
        boxes.show([selected, other])
        over = paint(boxes)
        assert not (over[..., 1] > 100).any()  # nothing green is left
        boxes.show([ShownBox(1, (10, 5, 20, 15), RED)])
        assert is_red(over).sum() > 1.3 * is_red(paint(boxes)).sum()

    def test_lost_one_is_dashed(self, boxes):
        boxes.show([ShownBox(1, (5, 5, 40, 30), RED, is_lost=True)])
        upper_edge = paint(boxes)[8:13, 15:85, 3].any(axis=0)
        assert upper_edge.any() and not upper_edge.all()

    def test_hidden_ones_are_not_painted(self, boxes):
        boxes.show([ShownBox(1, (10, 5, 20, 15), RED)])
        boxes.set_visible(False)
        assert not paint(boxes).any()

    def test_what_is_a_shape_is_not_painted_and_can_be_hit(self, boxes):
        boxes.show([ShownBox(1, (10, 5, 20, 15), RED)], is_painted=False)
        assert not paint(boxes).any()
        assert boxes.box_at((12, 6)).target_id == 1

    def test_same_boxes_again_need_no_new_picture(self, boxes):
        told = []
        boxes.changed.connect(lambda: told.append(1))
        for _ in range(3):
            boxes.show([ShownBox(1, (10, 5, 20, 15), RED)])
        assert len(told) == 1


class TestBoxAt:
    def test_inside_and_outside(self, boxes):
        boxes.show([ShownBox(7, (10, 5, 20, 15), RED)])
        assert boxes.box_at((12, 6)).target_id == 7
        assert boxes.box_at((9, 6)) is None
        assert boxes.box_at((9, 6), reach_px=1.5).target_id == 7

    def test_smallest_of_several(self, boxes):
        boxes.show(
            [ShownBox(1, (10, 10, 4, 4), RED), ShownBox(2, (0, 0, 30, 30), GREEN)]
        )
        assert boxes.box_at((12, 12)).target_id == 1
        assert boxes.box_at((2, 2)).target_id == 2

    def test_hidden_ones_cannot_be_hit(self, boxes):
        boxes.show([ShownBox(7, (10, 5, 20, 15), RED)])
        boxes.set_visible(False)
        assert boxes.box_at((12, 6)) is None


class TestRings:
    def test_lie_around_the_peaks(self):
        rings = PeakRings()
        rings.show([ScorePeak(10, 12, 0.9, 1.0), ScorePeak(50, 12, 0.6, 0.66)])
        pixels = paint(rings)[..., 0] > 100
        for x, half in ((20, slice(0, 60)), (100, slice(60, 120))):
            rows, columns = np.nonzero(pixels[:, half])
            assert (rows.min() + rows.max()) / 2 == pytest.approx(24, abs=1)
            middle = half.start + (columns.min() + columns.max()) / 2
            assert middle == pytest.approx(x, abs=1)
