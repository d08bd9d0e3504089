from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import AnnotationSession
from fcot_engine.evaluation import SequenceSource, check_work_list

N = 60


@pytest.fixture
def check(numbered, make_shop):
    """Figures of a run in which the tracker is wrong in some frames."""

    def check(is_wrong, score=None, absent=()):
        shop = make_shop(lambda index, _: not is_wrong(index), score)
        sequence = numbered(N, absent=absent)
        session = AnnotationSession(SequenceSource(sequence), shop)
        target = session.edit.add_target()
        session.edit.draw_box(target, 0, sequence.truth_xywh[0])
        list(session.propagate(0))
        ious = np.array([0.0 if is_wrong(i) else 1.0 for i in range(N)])
        ious[list(absent)] = np.nan
        return check_work_list(session, target, ious)

    return check


class TestCheckWorkList:
    def test_doubtful_frames_that_are_wrong_are_found(self, check):
        figures = check(lambda index: index >= 30)
        assert figures.n_offered > 0
        assert figures.offered_bad == figures.score_bad == 1.0
        assert figures.random_bad == pytest.approx(30 / 59)
        assert figures.rank_risk > 0.8 and figures.rank_score > 0.8

    def test_doubt_about_good_frames_finds_nothing(self, check):
        figures = check(
            lambda index: 20 <= index < 40,
            lambda index, _: 0.95 if 20 <= index < 40 else 0.2,
        )
        assert figures.score_bad == 0.0
        assert figures.rank_score < -0.8

    def test_equal_frames_have_no_order(self, check):
        figures = check(lambda index: False)
        assert figures.rank_risk is None and figures.rank_score is None

    def test_frames_without_truth_count_for_nothing(self, check):
        figures = check(lambda index: index >= 30, absent=range(30, N))
        assert figures.random_bad in (None, 0.0)
        assert figures.offered_bad in (None, 0.0)
        assert figures.n_offered < 5
