from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import AnnotationSession
from fcot_engine.errors import BoxError, ConfigError
from fcot_engine.evaluation import (
    ALL_MODES,
    ANNOTATOR_MODES,
    CRITERIA,
    AnnotatedSequence,
    AnnotationReport,
    AnnotatorConfig,
    ModeOutcome,
    WorkListFigures,
    annotate_sequence,
    check_work_list,
    choose_modes,
    run_annotator,
    tabulate_annotation,
)
from fcot_engine.evaluation.annotation_methods import RestartingMethod

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
        tracker.init(1, FRAME, OTHER)
        tracker.start_xywh = BOX
        tracker.correct(1, FRAME, BOX)
        assert len(inner.inits) == 2 and inner.corrections == []

    def test_lesson_of_another_box_is_ignored(self, restarting):
        tracker, inner = restarting
        tracker.init(1, FRAME, BOX)
        tracker.start_xywh = BOX
        tracker.correct(1, FRAME, OTHER)
        assert len(inner.inits) == 1 and inner.corrections == []


class TestRunAnnotator:
    def test_every_sequence_in_every_mode(self, root, perfect):
        told, done = [], []
        found = run_annotator(
            root,
            perfect,
            on_frame=lambda *place: told.append(place),
            on_sequence=done.append,
        )
        assert [s.name for s in found] == ["fast", "slow"]
        assert tuple(done) == found
        assert {place[1] for place in told} == {"worklist", "in-order", "restart"}
        for sequence in found:
            assert [o.mode for o in sequence.outcomes] == list(ALL_MODES)
            boxes = [o.boxes["C"] for o in sequence.outcomes]
            assert boxes == [1, 1, 1, 2]

    def test_still_box_needs_redrawing(self, root, still):
        # 2 px a frame on 20 px: below 0.7 two frames from a drawn one, and fusing may
        # spread what is missed over both
        (found,) = run_annotator(root, still, ["slow"], modes=["in-order", "restart"])
        for outcome in found.outcomes:
            assert outcome.n_boxes == 2 and "C" not in outcome.boxes

    def test_first_frames_alone(self, root, perfect):
        (found,) = run_annotator(
            root, perfect, ["slow"], modes=["linear"], max_frames=3
        )
        assert found.n_frames == 3


class TestChooseModes:
    def test_all_and_others_each_once(self):
        assert choose_modes(["worst", "all", "linear"]) == ("worst", *ALL_MODES)

    def test_unknown_mode_is_refused(self):
        with pytest.raises(ConfigError, match="choose from all, worklist"):
            choose_modes(["worklist", "magic"])


FIGURES = WorkListFigures(5, 0.8, 0.6, 0.2, None, 0.4, 0.7, 0.5)


def make_outcome(mode, a, b, c, *, work_list=None, drawn=None):
    given = zip("ABC", (a, b, c), strict=True)
    boxes = {name: count for name, count in given if count is not None}
    looks = {name: 2 * count for name, count in boxes.items()}
    total = drawn or c
    return ModeOutcome(mode, boxes, looks, total, 2 * total, 1, 3.5, work_list)


@pytest.fixture
def report():
    one = (
        make_outcome("worklist", 1, 2, 3, work_list=FIGURES),
        make_outcome("restart", 2, 4, 6),
        make_outcome("linear", 4, 8, 12),
    )
    two = (
        make_outcome("worklist", 1, 2, 5),
        make_outcome("restart", 2, 4, None, drawn=34),
        make_outcome("linear", 4, 8, 28),
    )
    sequences = AnnotatedSequence("one", 50, one), AnnotatedSequence("two", 100, two)
    return AnnotationReport(sequences, {"preset": "lite"})


class TestCriteria:
    @pytest.mark.parametrize(
        ("ious", "met"),
        [
            ([0.7] * 20, "ABC"),
            ([0.69] * 20, "B"),
            ([1.0] * 19 + [0.0], "A"),
            ([1.0] * 18 + [0.0] * 2, ""),
            ([0.9] * 19 + [0.5], "AB"),
        ],
    )
    def test_criteria_of_the_tools(self, ious, met):
        found = [name for name, is_met in CRITERIA.items() if is_met(np.array(ious))]
        assert "".join(found) == met


class TestAnnotationReport:
    def test_means_are_plain(self, report):
        assert report.mean_boxes("worklist", "A") == pytest.approx((2 + 1) / 2)
        assert report.mean_looks("worklist", "C") == pytest.approx((12 + 10) / 2)
        assert report.mean_boxes("in-order", "A") is None

    def test_what_teaching_saves(self, report):
        assert report.saving("worklist", "restart", "B") == pytest.approx(0.5)
        assert report.saving("worklist", "linear", "B") == pytest.approx(0.75)
        assert report.saving("worklist", "in-order", "B") is None

    def test_boxes_until_giving_up_count(self, report):
        assert report.mean_boxes("restart", "C") == pytest.approx((12 + 34) / 2)
        assert [report.given_up("restart", c) for c in "ABC"] == [0, 0, 1]

    def test_work_list_is_the_mean_of_what_is_known(self, report):
        mean = report.mean_work_list()
        assert mean["offered_bad"] == 0.8
        assert mean["rank_list"] is None

    def test_shares_are_of_sequences_with_something_to_find(self, report):
        nothing = WorkListFigures(5, 0.0, 0.0, 0.0, 0.2, None, 0.1, 0.1)
        outcome = make_outcome("worklist", 1, 1, 1, work_list=nothing)
        more = AnnotatedSequence("three", 40, (outcome,))
        mean = AnnotationReport((*report.sequences, more)).mean_work_list()
        assert mean["n_bad"] == 1
        assert mean["offered_bad"] == 0.8
        assert mean["rank_list"] == 0.2
        assert mean["rank_risk"] == pytest.approx(0.4)

    def test_json_round_trip(self, report):
        assert AnnotationReport.from_json(report.to_json()) == report


def row(text):
    """The cells of a line."""
    return text.split()


class TestTable:
    def test_lines(self, report):
        lines = tabulate_annotation(report).splitlines()
        words = [line.split() for line in lines]
        assert words[0][:6] == ["sequence", "frames", "mode", "A", "B", "C"]
        assert words[2] == [
            "one",
            "50",
            "worklist",
            "2.00",
            "4.00",
            "6.00",
            "12.0",
            "1",
            "4",
        ]
        assert words[6] == [
            "two",
            "100",
            "restart",
            "2.00",
            "4.00",
            ">",
            "34.00",
            "68.0",
            "1",
            "4",
        ]
        means = [line for line in words if line[0] == "mean"]
        assert means[0] == [
            "mean",
            "150",
            "worklist",
            "1.50",
            "3.00",
            "5.50",
            "11.0",
            "2",
            "7",
        ]
        assert means[1][5:7] == [">", "23.00"]

    def test_who_gave_up_is_told(self, report):
        assert "restart: gave up in two" in tabulate_annotation(report)

    def test_savings_are_told(self, report):
        text = tabulate_annotation(report)
        assert "worklist saves of the boxes of restart: A 50 %, B 50 %, C 76 %" in text
        assert "in-order saves" not in text

    def test_work_list_is_told(self, report):
        text = tabulate_annotation(report)
        assert "(sequences with such frames: 1): of its first five 80 %" in text
        assert "lowest score 60 %, at random 20 %" in text
        assert "its risk 0.70, score 0.50" in text

    def test_without_a_work_list(self, report):
        outcome = make_outcome("linear", 1, 1, 1)
        alone = AnnotationReport((AnnotatedSequence("one", 50, (outcome,)),))
        assert "Work list" not in tabulate_annotation(alone)


N = 60


@pytest.fixture
def check(numbered, make_shop):
    """Figures of a run in which the tracker is wrong in some frames."""

    def check(is_wrong, score=None, absent=()):
        shop = make_shop(lambda index, _: not is_wrong(index), score)
        sequence = numbered(N, absent=absent)
        session = AnnotationSession(sequence, shop)
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
