from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import ConfigError, ShapeError
from fcot_engine.evaluation import (
    EffortConfig,
    center_distances,
    find_sequences,
    is_visible,
    load_sequence,
    measure,
    measure_effort,
    measure_linear_effort,
    overlaps,
)

NAN = [np.nan] * 4


def boxes(*rows):
    return np.array(rows, dtype=np.float64)


class TestOverlaps:
    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            pytest.param((0, 0, 2, 2), 1.0, id="same"),
            pytest.param((1, 0, 2, 2), 1 / 3, id="half"),
            pytest.param((1, 1, 2, 2), 1 / 7, id="a_quarter"),
            pytest.param((0.5, 0.5, 1, 1), 1 / 4, id="inside"),
            pytest.param((2, 0, 2, 2), 0.0, id="touching"),
            pytest.param((9, 9, 2, 2), 0.0, id="apart_on_both_axes"),
        ],
    )
    def test_value(self, other, expected):
        found = overlaps(boxes((0, 0, 2, 2)), boxes(other))
        np.testing.assert_allclose(found, [expected], atol=1e-9)

    def test_absent_target_is_nan(self):
        assert np.isnan(overlaps(boxes((0, 0, 2, 2)), boxes(NAN))).all()

    def test_two_empty_boxes_are_zero(self):
        assert overlaps(boxes((1, 1, 0, 0)), boxes((1, 1, 0, 0))) == 0

    def test_wrong_shape_is_named(self):
        with pytest.raises(ShapeError, match=r"got \(1, 4\) and \(2, 4\)"):
            overlaps(np.zeros((1, 4)), np.zeros((2, 4)))


class TestCenterDistances:
    def test_three_four_five(self):
        found = center_distances(boxes((0, 0, 2, 2)), boxes((2, 3, 4, 4)))
        np.testing.assert_allclose(found, [5.0])


class TestIsVisible:
    def test_one_nan_is_enough(self):
        truth = boxes((0, 0, 1, 1), NAN, (0, 0, np.nan, 1))
        assert is_visible(truth).tolist() == [True, False, False]


class TestMeasure:
    def test_by_hand(self):
        # IoU 1, 1/3 and 0 in the three frames that count
        truth = boxes((0, 0, 60, 60), (0, 0, 60, 60), (0, 0, 60, 60), (0, 0, 60, 60))
        found = boxes((9, 9, 9, 9), (0, 0, 60, 60), (30, 0, 60, 60), (0, 90, 60, 60))
        figures = measure(found, truth)
        # above it: 20 thresholds below 1 (IoU 1 is just not above 1), 7 up to 0.30
        assert figures.auc == pytest.approx((20 + 7 + 0) / 21 / 3)
        assert figures.p20 == pytest.approx(1 / 3)
        assert figures.sr50 == pytest.approx(1 / 3)

    def test_first_and_absent_frames_do_not_count(self):
        truth = boxes((0, 0, 9, 9), NAN, (0, 0, 9, 9))
        wrong, right = (500, 500, 9, 9), (0, 0, 9, 9)
        figures = measure(boxes(wrong, wrong, right), truth)
        assert (figures.p20, figures.sr50) == (1.0, 1.0)

    def test_twenty_pixels_are_within(self):
        truth = boxes((0, 0, 9, 9), (0, 0, 9, 9), (0, 0, 9, 9))
        found = boxes((0, 0, 9, 9), (20, 0, 9, 9), (20.01, 0, 9, 9))
        assert measure(found, truth).p20 == 0.5

    def test_iou_of_one_half_is_not_above_it(self):
        truth = boxes((0, 0, 2, 2), (0, 0, 2, 2))
        found = boxes((0, 0, 2, 2), (0, 0, 1, 2))
        assert measure(found, truth).sr50 == 0.0

    def test_nothing_to_count_is_refused(self):
        with pytest.raises(ShapeError, match="a box in a frame after the first"):
            measure(boxes((0, 0, 1, 1), NAN), boxes((0, 0, 1, 1), NAN))

    @pytest.mark.parametrize("seed", range(5))
    def test_equals_plain_loops_on_random_boxes(self, seed):
        rng = np.random.default_rng(seed)
        truth = rng.uniform(1, 60, (80, 4))
        found = truth + rng.normal(0, 8, (80, 4))
        found[:, 2:] = np.abs(found[:, 2:])
        truth[rng.random(80) < 0.1] = np.nan
        figures = measure(found, truth)
        assert (figures.auc, figures.p20, figures.sr50) == pytest.approx(
            measure_slowly(found, truth), abs=1e-12
        )


def measure_slowly(found, truth):
    """The definitions, box by box; as the other trackers were measured."""
    ious, distances = [], []
    for a, b in list(zip(found, truth, strict=True))[1:]:
        if not np.isfinite(b).all():
            continue
        w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
        h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
        inter = max(w, 0.0) * max(h, 0.0)
        ious.append(inter / (a[2] * a[3] + b[2] * b[3] - inter + 1e-9))
        dx = a[0] + a[2] / 2 - b[0] - b[2] / 2
        dy = a[1] + a[3] / 2 - b[1] - b[3] / 2
        distances.append((dx * dx + dy * dy) ** 0.5)
    count = len(ious)
    shares = [sum(iou > t for iou in ious) / count for t in np.linspace(0, 1, 21)]
    near = sum(d <= 20 for d in distances) / count
    return sum(shares) / 21, near, sum(iou > 0.5 for iou in ious) / count


class TestMeasureEffort:
    def test_good_tracker_needs_the_first_box_only(self, root, perfect):
        sequence = load_sequence(root / "slow")
        effort = measure_effort(perfect(), sequence, min_iou=0.7)
        assert effort == pytest.approx(100 / 6)

    def test_still_box_is_redrawn_when_it_falls_below(self, root, still):
        # 2 px a frame on 20 px: IoU 18/22, 16/24 after one and two frames
        tracker, sequence = still(), load_sequence(root / "slow")
        effort = measure_effort(tracker, sequence, min_iou=0.7)
        assert effort == pytest.approx(100 * 3 / 6)
        redrawn = [tuple(sequence.truth_xywh[i]) for i in (2, 4)]
        assert tracker.corrections == redrawn

    def test_absent_target_is_never_redrawn(self, root, still):
        # 10 px a frame: below in each of the frames 1, 2, 4 and 5
        sequence = load_sequence(root / "fast")
        assert measure_effort(still(), sequence, min_iou=0.5) == pytest.approx(500 / 6)

    @pytest.mark.parametrize(
        ("mode", "inits", "corrections"),
        [("teach", 1, 2), ("classifier-only", 1, 2), ("restart", 3, 0)],
    )
    def test_mode_says_what_a_redrawn_box_does(
        self, root, still, mode, inits, corrections
    ):
        tracker, calls = still(), []
        place = tracker.place
        tracker.init = lambda target, _, box: calls.append("init") or place(target, box)
        tracker.correct = lambda target, _, box: (
            calls.append("correct") or place(target, box)
        )
        sequence = load_sequence(root / "slow")
        effort = measure_effort(tracker, sequence, min_iou=0.7, mode=mode)
        assert effort == pytest.approx(50.0)
        assert calls.count("init") == inits
        assert calls.count("correct") == corrections


def steady(n, step=1.0):
    """A box of side 10 that moves right `step` px a frame."""
    return np.array([[step * i, 0.0, 10.0, 10.0] for i in range(n)])


class TestMeasureLinearEffort:
    def test_steady_motion_needs_both_ends(self):
        effort = measure_linear_effort(steady(50), min_iou=0.99)
        assert effort == pytest.approx(100 * 2 / 50)

    def test_a_turn_needs_a_keyframe(self):
        truth = np.concatenate([steady(20, 3.0), steady(20, 3.0)[-2::-1]])
        effort = measure_linear_effort(truth, min_iou=0.99)
        assert effort == pytest.approx(100 * 3 / 39)

    def test_a_lower_iou_needs_no_more_keyframes(self):
        rng = np.random.default_rng(0)
        truth = steady(60)
        truth[:, :2] += rng.normal(0, 2, (60, 2)).cumsum(axis=0)
        strict, loose = (measure_linear_effort(truth, min_iou=i) for i in (0.9, 0.4))
        assert loose < strict

    def test_absent_frames_are_passed_over(self):
        truth = steady(50)
        truth[10:20] = np.nan
        assert measure_linear_effort(truth, min_iou=0.99) == pytest.approx(4.0)

    def test_target_that_is_never_seen_again(self):
        truth = steady(10)
        truth[1:] = np.nan
        assert measure_linear_effort(truth, min_iou=0.5) == pytest.approx(10.0)

    def test_jumps_need_every_frame(self):
        truth = steady(10, 100.0)
        truth[1::2, 1] = 500.0
        assert measure_linear_effort(truth, min_iou=0.5) == pytest.approx(100.0)

    @pytest.mark.shared
    @pytest.mark.parametrize(("min_iou", "published"), [(0.5, 9.52), (0.7, 16.37)])
    def test_real_sequences_as_published(self, shared_dir, min_iou, published):
        efforts = [
            measure_linear_effort(sequence.truth_xywh, min_iou=min_iou)
            for sequence in find_sequences(shared_dir / "eval")
        ]
        assert np.mean(efforts) == pytest.approx(published, abs=0.005)


class TestEffortConfig:
    def test_classifier_only_changes_a_setting(self):
        changes = {m: EffortConfig(mode=m).settings for m in ("teach", "restart")}
        assert changes == {"teach": {}, "restart": {}}
        config = EffortConfig(mode="classifier-only")
        assert config.settings == {"regression.learn_corrections": False}

    def test_linear_needs_no_tracker(self):
        assert not EffortConfig(mode="linear").needs_tracker
        assert EffortConfig().needs_tracker

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            pytest.param({"mode": "magic"}, "must be one of teach", id="mode"),
            pytest.param({"min_ious": (0.5, 1.1)}, "up to 1", id="above_one"),
            pytest.param({"min_ious": (0.0,)}, "above 0", id="zero"),
            pytest.param({"min_ious": ()}, "above 0", id="none"),
        ],
    )
    def test_nonsense_is_refused(self, changes, message):
        with pytest.raises(ConfigError, match=message):
            EffortConfig(**changes)
