from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.evaluation.annotation_methods import RestartingMethod

FRAME = np.zeros((60, 200, 3), np.uint8)
BOX, OTHER = (10.0, 10.0, 20.0, 20.0), (50.0, 10.0, 20.0, 20.0)


@pytest.fixture
def restarting(make_shop):
    """A tracker that restarts, the one in it, and the method that made it."""
    shop = make_shop(lambda *_: True)
    method = RestartingMethod(lambda: None)
    return method.wrap(shop)(), shop.trackers[0]


class TestRestartingMethod:
    def test_lesson_is_a_new_start(self, restarting):
        tracker, inner = restarting
        tracker.init(FRAME, OTHER)
        tracker.start_xywh = BOX
        tracker.correct(FRAME, BOX)
        assert len(inner.inits) == 2 and inner.corrections == []

    def test_lesson_of_another_box_is_ignored(self, restarting):
        tracker, inner = restarting
        tracker.init(FRAME, BOX)
        tracker.start_xywh = BOX
        tracker.correct(FRAME, OTHER)
        assert len(inner.inits) == 1 and inner.corrections == []
