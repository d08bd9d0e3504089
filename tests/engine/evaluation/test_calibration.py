from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import TrackerConfig, apply_settings
from fcot_engine.errors import ShapeError
from fcot_engine.evaluation import (
    FrameRecord,
    assess,
    calibrate,
    draw_reliability,
    fit_curve,
)

TRUE = {"bias": -1.0, "peak": 6.0, "second_ratio": -3.0, "is_lost": -1.5}


def make_records(n=1500, *, seed=0, sequence="one", weights=TRUE):
    """Frames whose boxes are right with the chance that a known curve gives."""
    rng = np.random.default_rng(seed)
    records = []
    for frame in range(n):
        peak, ratio, change = rng.random(3)
        is_lost = peak < 0.15
        logit = (
            weights["bias"]
            + weights["peak"] * peak
            + weights["second_ratio"] * ratio
            + weights["is_lost"] * is_lost
        )
        is_right = rng.random() < 1 / (1 + np.exp(-logit))
        records.append(
            FrameRecord(
                sequence,
                frame,
                score=peak,
                peak=peak,
                second_ratio=ratio,
                size_change=change / 10,
                verdict="lost" if is_lost else "found",
                iou=0.5 if is_right else 0.49,
                x=0.0,
                y=0.0,
                w=9.0,
                h=9.0,
            )
        )
    return records


@pytest.fixture(scope="module")
def records():
    return [
        record
        for place, name in enumerate("abcd")
        for record in make_records(700, seed=place, sequence=name)
    ]


class TestFitCurve:
    def test_known_curve_is_found(self):
        config = fit_curve(make_records(20_000))
        assert config.is_fitted
        assert config.bias == pytest.approx(TRUE["bias"], abs=0.25)
        assert config.peak == pytest.approx(TRUE["peak"], rel=0.1)
        assert config.second_ratio == pytest.approx(TRUE["second_ratio"], rel=0.1)
        assert config.is_lost == pytest.approx(TRUE["is_lost"], abs=0.4)

    def test_what_points_the_wrong_way_is_left_out(self):
        weights = TRUE | {"second_ratio": 3.0}
        config = fit_curve(make_records(weights=weights))
        assert config.second_ratio == 0.0
        assert config.peak > 3

    def test_what_never_changes_is_left_out(self):
        records = [replace(record, size_change=0.0) for record in make_records()]
        assert fit_curve(records).size_change == 0.0

    def test_sequences_that_contradict_each_other_hold_the_curve_back(self):
        # a high peak is right in one sequence and wrong in the next: no evidence
        records = [
            replace(record, iou=0.9 if (record.peak > 0.5) == (place % 2 == 0) else 0.1)
            for place, name in enumerate("abcdefgh")
            for record in make_records(100, seed=place, sequence=name)
        ]
        assert abs(fit_curve(records).peak) < 1

    def test_perfectly_told_apart_stays_finite(self):
        records = [
            replace(record, iou=0.9 if record.peak > 0.5 else 0.1)
            for record in make_records(300)
        ]
        config = fit_curve(records)
        assert 5 < config.peak < 100

    @pytest.mark.parametrize("iou", [0.9, 0.1])
    def test_one_kind_alone_is_refused(self, iou):
        records = [replace(record, iou=iou) for record in make_records(20)]
        with pytest.raises(ShapeError, match="right and others whose box is wrong"):
            fit_curve(records)


class TestCalibrate:
    def test_every_second_sequence_is_held_out(self, records):
        report = calibrate(records[::-1])
        assert report.fitted_on == ("a", "c")
        assert report.held_out == ("b", "d")
        assert report.fitted.n_frames == 1400

    def test_confidence_is_better_than_the_score_where_it_was_not_fitted(self, records):
        report = calibrate(records)
        assert report.fitted.ece < 0.05 < report.peak.ece
        assert report.fitted.brier < report.peak.brier
        assert report.fitted.auroc > report.peak.auroc

    def test_held_out_frames_do_not_move_the_fit(self, records):
        changed = [
            replace(record, iou=1 - record.iou) if record.sequence in "bd" else record
            for record in records
        ]
        assert calibrate(changed).config == calibrate(records).config

    def test_absent_targets_do_not_count(self, records):
        absent = [replace(record, iou=float("nan")) for record in records]
        assert calibrate(records + absent) == calibrate(records)

    def test_one_sequence_is_not_enough(self):
        with pytest.raises(ShapeError, match="at least 2 sequences, got 1"):
            calibrate(make_records(20))


class TestReport:
    def test_settings_can_be_used(self, records):
        report = calibrate(records)
        words = report.to_text().splitlines()[-1].split()[1::2]
        typed = dict(word.split("=") for word in words)
        for settings in (typed, report.settings):
            config = apply_settings(TrackerConfig(), settings)
            assert config.calibration == report.config

    def test_json_holds_the_figures(self, records):
        report = calibrate(records)
        facts = json.loads(report.to_json())
        assert facts["fitted"]["brier"] == report.fitted.brier
        assert len(facts["fitted"]["bins"]) == 10
        assert facts["settings"]["calibration.peak"] == report.config.peak


class TestDrawReliability:
    def test_points_lie_where_the_bins_say(self, records):
        report = calibrate(records)
        figure = draw_reliability(report.peak, report.fitted)
        *_, fitted = figure.axes[0].get_lines()
        bins = [bin_ for bin_ in report.fitted.bins if bin_.n_frames]
        assert fitted.get_xydata().tolist() == [
            [bin_.confidence, bin_.share_right] for bin_ in bins
        ]


def judge(confidence, is_right):
    return assess(np.array(confidence, float), np.array(is_right, bool))


class TestAssess:
    def test_by_hand(self):
        found = judge([0.95, 0.85, 0.85, 0.25], [1, 1, 0, 0])
        squares = 0.05**2 + 0.15**2 + 0.85**2 + 0.25**2
        assert found.brier == pytest.approx(squares / 4)
        # bins: 0.95 against 1, 0.85 against a half (two frames), 0.25 against 0
        assert found.ece == pytest.approx((0.05 + 2 * 0.35 + 0.25) / 4)
        # of four pairs of right and wrong three are in order, one is equal
        assert found.auroc == pytest.approx(3.5 / 4)
        assert (found.n_frames, found.share_right) == (4, 0.5)

    def test_bins(self):
        found = judge([0.95, 0.85, 0.85, 0.25], [1, 1, 0, 0])
        counts = [bin_.n_frames for bin_ in found.bins]
        assert counts == [0, 0, 1, 0, 0, 0, 0, 0, 2, 1]
        eighth = found.bins[8]
        assert (eighth.confidence, eighth.share_right) == (0.85, 0.5)
        assert found.bins[0].confidence is None

    def test_ends_belong_to_the_outer_bins(self):
        counts = [bin_.n_frames for bin_ in judge([0.0, 1.0], [0, 1]).bins]
        assert counts[0] == counts[-1] == 1

    @pytest.mark.parametrize(
        ("confidence", "auroc"),
        [
            pytest.param([0.9, 0.8, 0.2, 0.1], 1.0, id="in_order"),
            pytest.param([0.1, 0.2, 0.8, 0.9], 0.0, id="upside_down"),
            pytest.param([0.5, 0.5, 0.5, 0.5], 0.5, id="blind"),
        ],
    )
    def test_order(self, confidence, auroc):
        assert judge(confidence, [1, 1, 0, 0]).auroc == pytest.approx(auroc)

    def test_order_needs_both_kinds(self):
        assert judge([0.5, 0.6], [1, 1]).auroc is None

    def test_true_probabilities_have_a_small_error(self):
        rng = np.random.default_rng(0)
        chance = rng.random(20_000)
        assert assess(chance, rng.random(20_000) < chance).ece < 0.02

    def test_different_lengths_are_named(self):
        with pytest.raises(ShapeError, match=r"got \(2,\) and \(1,\)"):
            judge([0.5, 0.6], [1])

    def test_no_frames_are_refused(self):
        with pytest.raises(ShapeError, match="n above 0"):
            judge([], [])
