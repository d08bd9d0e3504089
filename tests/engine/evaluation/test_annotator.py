from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import BoxError, ConfigError
from fcot_engine.evaluation import ANNOTATOR_MODES, AnnotatorConfig, annotate_sequence

N = 60
TRACKING_MODES = [name for name in ANNOTATOR_MODES if name != "linear"]


def follows_always(index, taught):
    return True


def follows_never(index, taught):
    return False


def drifts_after_ten(index, taught):
    return min(abs(index - known) for known in taught) < 10


def knows_looks(index, taught):
    """The target changes its look every ten frames; there are three looks."""
    return index // 10 % 3 in {known // 10 % 3 for known in taught}


class TestCounts:
    @pytest.mark.parametrize("mode", TRACKING_MODES)
    def test_perfect_tracker_needs_one_box(self, numbered, make_shop, mode):
        outcome = annotate_sequence(numbered(N), make_shop(follows_always), mode)
        assert outcome.boxes == outcome.looks == {"A": 1, "B": 1, "C": 1}
        assert outcome.n_boxes == 1 and outcome.n_unlisted == 0

    @pytest.mark.parametrize("mode", ["in-order", "restart-in-order"])
    def test_drifting_tracker_needs_a_box_every_ten_frames(
        self, numbered, make_shop, mode
    ):
        outcome = annotate_sequence(numbered(N), make_shop(drifts_after_ten), mode)
        assert outcome.boxes == {"A": N // 10, "B": N // 10, "C": N // 10}

    @pytest.mark.parametrize("mode", ["worklist", "worst"])
    def test_it_needs_no_more_in_another_order(self, numbered, make_shop, mode):
        outcome = annotate_sequence(numbered(N), make_shop(drifts_after_ten), mode)
        assert 1 < outcome.boxes["C"] <= N // 10

    @pytest.mark.parametrize(
        ("mode", "boxes"),
        # the list begins in the middle; what lies behind the next drawn box is not
        # carried anew by a later lesson
        [("worklist", 4), ("in-order", 3), ("worst", 3)],
    )
    def test_lessons_are_kept(self, numbered, make_shop, mode, boxes):
        outcome = annotate_sequence(numbered(N), make_shop(knows_looks), mode)
        assert outcome.n_boxes <= boxes and outcome.n_unlisted == 0

    @pytest.mark.parametrize("mode", ["restart", "restart-in-order", "restart-worst"])
    def test_restarting_forgets_what_teaching_keeps(self, numbered, make_shop, mode):
        shop = make_shop(knows_looks)
        outcome = annotate_sequence(numbered(N), shop, mode)
        assert outcome.n_boxes >= N // 10
        (tracker,) = shop.trackers  # none for the way back
        assert tracker.corrections == []
        assert len(tracker.inits) == outcome.n_boxes

    def test_restarting_in_order_starts_where_the_look_changes(
        self, numbered, make_shop
    ):
        shop = make_shop(knows_looks)
        annotate_sequence(numbered(N), shop, "restart-in-order")
        assert shop.trackers[0].inits == [0, 10, 20, 30, 40, 50]

    def test_easier_criteria_are_met_no_later(self, numbered, make_shop):
        shop = make_shop(lambda index, taught: index % 30 or index in taught)
        outcome = annotate_sequence(numbered(N), shop, "in-order")
        assert outcome.boxes == {"A": 1, "B": 2, "C": 2}

    def test_annotator_gives_up(self, numbered, make_shop):
        outcome = annotate_sequence(numbered(12), make_shop(follows_never), "worst")
        assert outcome.boxes == {}
        assert outcome.n_boxes == 4

    def test_frames_without_truth_count_for_nothing(self, numbered, make_shop):
        shop = make_shop(lambda index, taught: not 20 <= index < 30)
        sequence = numbered(N, absent=range(20, 30))
        for mode in ("worklist", "in-order", "worst"):
            assert annotate_sequence(sequence, shop, mode).n_boxes == 1

    def test_box_behind_a_cut_is_carried_to_the_end(self, numbered, make_shop):
        sequence = numbered(N, cut=30)
        for mode in ("worklist", "in-order", "restart"):
            outcome = annotate_sequence(sequence, make_shop(follows_always), mode)
            assert outcome.n_boxes == 2, mode

    def test_each_frame_looked_at_is_told(self, numbered, make_shop):
        told = []
        annotate_sequence(
            numbered(N),
            make_shop(follows_always),
            "worklist",
            on_frame=lambda: told.append(1),
        )
        assert len(told) == N - 1


class TestWorkList:
    def test_good_frames_that_are_offered_are_looked_at_and_passed_over(
        self, numbered, make_shop
    ):
        shop = make_shop(
            lambda index, taught: index != 40 or index in taught,
            lambda index, _: 0.2 if 15 <= index < 25 else 0.9,
        )
        outcome = annotate_sequence(numbered(N), shop, "worklist")
        assert outcome.boxes["C"] == 2
        assert outcome.looks["C"] > 2

    def test_frame_that_is_never_offered_is_found_in_the_end(self, numbered, make_shop):
        # wrong from 30 on, without a doubt
        shop = make_shop(
            lambda index, taught: index < 30 or max(taught) >= 30, lambda *_: 1.0
        )
        outcome = annotate_sequence(numbered(N, cut=30), shop, "worklist")
        assert outcome.boxes["C"] == 2

    def test_figures_are_those_after_the_first_propagation(self, numbered, make_shop):
        outcome = annotate_sequence(numbered(N), make_shop(drifts_after_ten), "worst")
        assert outcome.work_list is not None
        assert outcome.work_list.random_bad == pytest.approx(50 / 59)


class TestLinear:
    def test_steady_motion_needs_both_ends(self, numbered):
        outcome = annotate_sequence(numbered(N), pytest.fail, "linear")
        assert outcome.boxes == {"A": 2, "B": 2, "C": 2}
        assert outcome.work_list is None

    def test_a_turn_needs_a_keyframe(self, numbered):
        sequence = numbered(61)
        sequence.truth_xywh[31:, 0] = sequence.truth_xywh[:30, 0][::-1]
        outcome = annotate_sequence(sequence, pytest.fail, "linear")
        assert outcome.boxes["C"] == 3

    def test_ends_are_those_with_truth(self, numbered):
        sequence = numbered(N, absent=range(50, N))
        outcome = annotate_sequence(sequence, pytest.fail, "linear")
        assert outcome.boxes["C"] == 2

    def test_target_seen_once_needs_one_box(self, numbered):
        sequence = numbered(10, absent=range(1, 10))
        outcome = annotate_sequence(sequence, pytest.fail, "linear")
        assert outcome.boxes["C"] == 1


class TestBadInput:
    def test_unknown_mode_is_refused(self, numbered):
        with pytest.raises(ConfigError, match="no annotator mode 'magic'"):
            annotate_sequence(numbered(9), pytest.fail, "magic")

    def test_first_box_that_cannot_be_drawn_is_refused(self, numbered):
        sequence = numbered(9)
        sequence.truth_xywh[0, 0] = -500.0
        with pytest.raises(BoxError, match="outside the frame"):
            annotate_sequence(sequence, pytest.fail, "linear")

    def test_later_box_that_cannot_be_drawn_is_not_asked_for(self, numbered, make_shop):
        sequence = numbered(9)
        sequence.truth_xywh[4, 0] = -500.0
        outcome = annotate_sequence(sequence, make_shop(follows_always), "in-order")
        assert outcome.n_boxes == 1

    @pytest.mark.parametrize(
        "changes", [{"min_iou": 0.6}, {"max_box_share": 0.0}, {"max_box_share": 2.0}]
    )
    def test_nonsense_is_refused(self, changes):
        with pytest.raises(ConfigError):
            AnnotatorConfig(**changes)

    def test_box_that_reaches_over_the_border_can_be_drawn(self, numbered, make_shop):
        sequence = numbered(N)
        sequence.truth_xywh[30] = [190.0, 20.0, 100.0, 18.0]  # a tenth is inside
        outcome = annotate_sequence(sequence, make_shop(follows_always), "in-order")
        assert outcome.boxes["C"] == 2
        assert np.isfinite(outcome.seconds)
