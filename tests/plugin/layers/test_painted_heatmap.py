"""The score map as a painted picture."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QImage, QPainter

from fcot_engine.tracker import ScoreMap
from napari_fcot.layers.painted import PaintedHeatmap
from napari_fcot.layers.pixel_frame import CanvasPlace

# image pixel (x, y) is at canvas (2 x + 10, 2 y)
PLACE = CanvasPlace(np.array([[2.0, 0, 10], [0, 2.0, 0], [0, 0, 1]]))


@pytest.fixture
def heatmap():
    scores = np.zeros((9, 9))
    scores[3, 6] = 1.0
    heatmap = PaintedHeatmap()
    heatmap.show(ScoreMap(scores.astype(np.float16), (8.0, 6.0), 4.0))
    return heatmap


def paint(heatmap) -> np.ndarray:
    sheet = QImage(120, 100, QImage.Format.Format_RGBA8888)
    sheet.fill(0)
    painter = QPainter(sheet)
    heatmap.paint(painter, PLACE)
    painter.end()
    bits = sheet.constBits()
    bits.setsize(sheet.sizeInBytes())
    return np.frombuffer(bytes(bits), np.uint8).reshape(100, 120, 4).astype(int)


class TestPaintedHeatmap:
    def test_peak_is_where_the_map_has_it(self, heatmap):
        weights = paint(heatmap)[..., 3]
        rows, columns = np.mgrid[:100, :120] + 0.5
        # cell (3, 6) is centred at x = 8 + 24, y = 6 + 12
        assert np.average(columns, weights=weights) == pytest.approx(2 * 32 + 10, abs=1)
        assert np.average(rows, weights=weights) == pytest.approx(2 * 18, abs=1)

    def test_what_scores_nothing_is_clear(self, heatmap):
        assert not paint(heatmap)[:, :30].any()

    def test_highest_score_is_red(self, heatmap):
        red, green, blue, alpha = paint(heatmap)[36, 74]
        assert red > 200 > 100 > max(green, blue)
        assert 100 < alpha < 255

    def test_opacity(self, heatmap):
        full = paint(heatmap)[36, 74, 3]
        heatmap.set_opacity(0.5)
        assert paint(heatmap)[36, 74, 3] == pytest.approx(full / 2, abs=2)
        heatmap.set_opacity(0.0)
        assert not paint(heatmap).any()

    def test_map_reaching_over_the_frame_is_cut_there(self, heatmap):
        scores = ScoreMap(np.ones((9, 9), np.float16), (8.0, 6.0), 4.0)
        heatmap.show(scores, frame_wh=(30.0, 25.0))
        alpha = paint(heatmap)[..., 3]
        assert alpha[:50, 30:70].any()
        assert not alpha[51:].any() and not alpha[:, 71:].any()

    def test_no_map_paints_nothing(self, heatmap):
        heatmap.show(None)
        assert not paint(heatmap).any()

    def test_asks_for_a_new_picture_when_there_is_one(self, heatmap):
        told = []
        heatmap.changed.connect(lambda: told.append(1))
        heatmap.show(None)
        heatmap.show(None)
        heatmap.set_opacity(0.5)
        assert len(told) == 2
