from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.config import FINE_STRIDE
from fcot_engine.geometry import PatchFrame, xywh_to_xyxy
from fcot_engine.model import BoxFeatures, ClassFeatures
from fcot_engine.ops import (
    Peak,
    cell_points,
    decode_offsets,
    encode_offsets,
    gaussian_label,
)
from fcot_engine.tracker._second_thread import SecondThread
from fcot_engine.tracker.classifier import Scores
from fcot_engine.tracker.localisation import Location, Verdict
from fcot_engine.tracker.target import (
    PatchFeatures,
    Target,
    _change_size,
    _keep_in_sight,
)
from fcot_engine.tracker.tracker import _follow

FRAME = (200, 100)
AT_ONCE = SecondThread(torch.device("meta"))  # no CPU: there is no second thread

sides = st.floats(0.01, 400)
places = st.floats(-500, 500)


class TestChangeSize:
    def test_what_has_grown_and_a_share_of_what_is_regressed(self):
        last, found = (50.0, 40.0, 20.0, 10.0), (60.0, 30.0, 80.0, 10.0)
        twice = math.log(2)  # to 40x20, and 80x10 has its area
        kept = _change_size(
            last, found, log_factor=twice, area_gain=0.5, aspect_gain=0.0
        )
        assert kept == pytest.approx((40.0, 20.0))
        half = _change_size(last, found, log_factor=0.0, area_gain=0.5, aspect_gain=0.5)
        assert half == pytest.approx((40.0, 10.0))  # half way on a log scale

    @pytest.mark.parametrize(("gain", "width"), [(0.0, 20.0), (1.0, 30.0)])
    def test_gain_of_none_and_all(self, gain, width):
        wh = _change_size(
            (50, 40, 20, 10),
            (60, 30, 30, 10),
            log_factor=0.0,
            area_gain=gain,
            aspect_gain=gain,
        )
        assert wh == pytest.approx((width, 10.0))

    @pytest.mark.parametrize("width", [-30.0, 0.0, 1e-9, 1e9])
    def test_absurd_size_changes_the_box_by_no_more_than_a_factor_of_four(self, width):
        last, found = (50, 40, 20, 10), (60, 30, width, 10)
        gains = {"area_gain": 1.0, "aspect_gain": 1.0}
        w, _ = _change_size(last, found, log_factor=0.0, **gains)
        assert 5 - 1e-9 <= w <= 80 + 1e-9


class TestKeepInSight:
    @given(
        st.tuples(places, places),
        st.tuples(sides, sides),
        st.sampled_from([(200, 100), (2, 2), (2, 300)]),
    )
    def test_a_quarter_of_it_stays_inside_the_frame(self, center, wh, frame_wh):
        box = _keep_in_sight(center, wh, frame_wh=frame_wh)
        for axis, limit in enumerate(frame_wh):
            start, side = box[axis], box[axis + 2]
            assert 2 - 1e-9 <= side <= limit
            inside = min(start + side, limit) - max(start, 0.0)
            assert inside >= side / 4 - 1e-6

    def test_a_target_that_leaves_keeps_its_size(self):
        box = _keep_in_sight((-2, 45), (20, 10), frame_wh=FRAME)
        assert box == pytest.approx((-12, 40, 20, 10))


@pytest.fixture
def target(lite_network, quick_config, paint):
    box = (90.0, 60.0, 40.0, 36.0)
    target = Target(lite_network, quick_config, seed=0)
    with torch.inference_mode():
        target.learn_given(to_image(paint(box)), box, beside=AT_ONCE)
    return target


def to_image(frame):
    return torch.from_numpy(frame).permute(2, 0, 1)


@pytest.fixture
def follow(target, lite_network):
    """Find the target in one frame."""

    @torch.inference_mode()
    def follow(image):
        (sighting,) = _follow([target], image, lite_network, AT_ONCE)
        return sighting

    return follow


NO_MAPS = BoxFeatures(torch.zeros(1, 1, 40, 40), torch.zeros(1, 1, 40, 40), None, None)


class TestGeometry:
    """Only the way from the image to the patch, the maps and back is left to err."""

    PATCH_PX = 160

    def ideal_scores(self, box_in_patch, *, even):
        """A Gaussian at the target's centre on the fine grid of scores."""
        first = 0.0 if even else FINE_STRIDE / 2
        size = self.PATCH_PX // FINE_STRIDE + even
        center = box_in_patch[:2] + box_in_patch[2:] / 2
        scores = gaussian_label(
            center, (size, size), 1.2, stride=FINE_STRIDE, offset=first / FINE_STRIDE
        )
        return Scores(first, 4 * first, scores, scores, scores)

    @pytest.mark.parametrize("even", [False, True], ids=["odd_filter", "even_filter"])
    @torch.inference_mode()
    def test_answers_move_and_scale_with_the_target(
        self, target, quick_config, monkeypatch, even
    ):
        target._config = replace(
            quick_config,
            regression=replace(quick_config.regression, size_gain=1.0),
            localisation=replace(quick_config.localisation, window=0.0),
            scale=replace(quick_config.scale, is_used=False),
        )
        image = torch.zeros(3, 1000, 1000)
        monkeypatch.setattr(target, "_learn_tracked", lambda *_: None)
        draws, errors, peaks = np.random.default_rng(0), [], []
        start = target.box_xywh
        for dx, dy, zoom in draws.uniform((-9, -9, -0.1), (9, 9, 0.1), (1000, 3)):
            w, h = start[2] * np.exp(zoom), start[3] * np.exp(zoom)
            truth = (start[0] + dx, start[1] + dy, w, h)
            patch = PatchFrame.around(start, size_px=self.PATCH_PX, area_scale=2.5)
            wanted = xywh_to_xyxy(in_patch := patch.box_to_patch(truth))
            scores = self.ideal_scores(in_patch, even=even)
            offsets = encode_offsets(
                wanted, cell_points((40, 40), stride=FINE_STRIDE)
            )  # Eq. 3 in every cell

            def read(_, cell, offsets=offsets):
                point = (cell + 0.5) * FINE_STRIDE
                return decode_offsets(point, offsets[cell[1], cell[0]])

            monkeypatch.setattr(target._classifier, "score", lambda _, s=scores: s)
            monkeypatch.setattr(target._regressor, "find_box", read)
            monkeypatch.setattr(target._network, "regress", lambda *_: NO_MAPS)
            target.move_to(start)
            zeros = torch.zeros(1, 1, 40, 40)
            features = PatchFeatures(None, ClassFeatures(zeros, zeros))
            sighting = target._see(features, patch)
            target._accept(features, sighting, image)
            errors.append(np.subtract(target.box_xywh, truth))
            center = (truth[0] + w / 2, truth[1] + h / 2)
            peaks.append(np.subtract(sighting.peak_xy, center))
        assert np.abs(errors).max() < 1e-3
        assert np.abs(np.mean(errors, 0)).max() < 1e-4
        assert np.abs(peaks).max() < 0.1  # image pixels, 0.1 of a cell
        assert np.abs(np.mean(peaks, 0)).max() < 0.05

    def test_chosen_cell_is_handed_on_as_column_and_row(
        self, target, follow, paint, monkeypatch
    ):
        seen = []
        scores = torch.zeros(40, 40)
        scores[11, 26] = 0.9
        monkeypatch.setattr(
            target._classifier,
            "score",
            lambda _: Scores(2.0, 8.0, scores, scores, scores),
        )
        monkeypatch.setattr(
            target._regressor,
            "find_box",
            lambda _, cell: (
                seen.append(cell.tolist()) or torch.tensor([60.0, 60, 90, 90])
            ),
        )
        sighting = follow(to_image(paint(target.box_xywh)))
        assert seen == [[26, 11]]
        assert sighting.location.peak[:2] == (11, 26)


class TestLearning:
    @pytest.fixture
    def judged(self, target, follow, paint, monkeypatch):
        """Track with given verdicts and scores; returns what was learned."""
        learned = []
        monkeypatch.setattr(
            target._classifier,
            "remember_tracked",
            lambda _, box, *, hard_negative: (
                learned.append("hard" if hard_negative else "best") or 0
            ),
        )
        monkeypatch.setattr(
            target._regressor,
            "learn_tracked",
            lambda features, boxes: learned.append(f"regressor {len(boxes)}"),
        )
        image = to_image(paint(target.box_xywh))

        def judge(verdict, score=0.9):
            monkeypatch.setattr(
                "fcot_engine.tracker.target.locate",
                lambda *_: Location(Peak(20, 20, score), 0.0, verdict, 20.0, 20.0),
            )
            follow(image)

        return judge, learned

    def test_best_frame_is_learned_when_the_span_is_over(self, judged, quick_config):
        judge, learned = judged
        span = quick_config.classification.update_interval
        for _ in range(span - 1):
            judge(Verdict.FOUND)
        assert learned == []
        judge(Verdict.FOUND)
        assert learned == ["best"]

    def test_what_is_due_is_computed_in_parts_one_before_each_frame(
        self, target, judged, quick_config, monkeypatch
    ):
        judge, learned = judged
        monkeypatch.setattr(target._classifier, "remember_tracked", lambda *_, **__: 2)
        monkeypatch.setattr(
            target._classifier, "optimise_once", lambda: learned.append("step")
        )
        for _ in range(quick_config.regression.update_interval):
            judge(Verdict.FOUND)
        learned.clear()
        target._due.clear()
        for _ in range(quick_config.regression.update_interval):
            judge(Verdict.FOUND)
        after = []
        for _ in range(3):
            judge(Verdict.UNCERTAIN)
            after.append(len(learned))
        assert after[1] - after[0] <= 1 and after[2] - after[1] <= 1
        assert "step" in learned

    def test_filter_over_scales_learns_every_few_frames(
        self, target, judged, quick_config, monkeypatch
    ):
        judge, _ = judged
        rates = []
        monkeypatch.setattr(target._scale, "learn", lambda *_, rate: rates.append(rate))
        every = quick_config.scale.update_interval
        for _ in range(3 * every + 1):
            judge(Verdict.FOUND)
        assert rates == [quick_config.scale.learning_rate] * 3
        for _ in range(3 * every):
            judge(Verdict.UNCERTAIN)
        assert len(rates) == 3

    def test_look_alike_is_learned_at_once(self, judged):
        judge, learned = judged
        judge(Verdict.HARD_NEGATIVE)
        assert learned == ["hard"]

    @pytest.mark.parametrize(
        ("verdict", "score"),
        [(Verdict.UNCERTAIN, 0.9), (Verdict.LOST, 0.0), (Verdict.FOUND, 0.01)],
        ids=["uncertain", "lost", "low"],
    )
    def test_doubtful_frames_are_not_learned(
        self, judged, quick_config, verdict, score
    ):
        judge, learned = judged
        for _ in range(quick_config.regression.update_interval):
            judge(verdict, score)
        assert learned == []

    def test_moved_search_forgets_the_span(self, target, judged, quick_config):
        judge, learned = judged
        for _ in range(quick_config.classification.update_interval - 1):
            judge(Verdict.FOUND)
        target.move_to(target.box_xywh)
        judge(Verdict.UNCERTAIN)
        assert learned == []
