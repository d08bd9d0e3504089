from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import ShapeError
from fcot_engine.evaluation import center_distances, is_visible, measure, overlaps

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
