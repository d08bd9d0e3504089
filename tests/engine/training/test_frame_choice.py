from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fcot_engine.training.annotated_video import AnnotatedVideo
from fcot_engine.training.dice import Dice
from fcot_engine.training.frame_choice import can_be_drawn, choose_frames, is_usable


def make_video(visible):
    visible = np.asarray(visible, dtype=bool)
    boxes = np.ones((len(visible), 4), np.float32)
    return AnnotatedVideo(Path("v"), "{}.jpg", 0, boxes, visible)


@pytest.fixture
def dice():
    return Dice(torch.Generator().manual_seed(0), torch.device("cpu"))


class TestChooseFrames:
    def test_train_frames_come_before_and_test_frames_after_the_base(self, dice):
        video = make_video(np.ones(400))
        for _ in range(100):
            base, *earlier_and_later = choose_frames(video, dice, n_train=3, n_test=3)
            earlier, later = earlier_and_later[:2], earlier_and_later[2:]
            assert all(base - 30 <= i < base for i in earlier)
            assert all(base < i <= base + 30 for i in later)

    def test_only_visible_frames(self, dice):
        visible = np.arange(200) % 3 == 0
        for _ in range(100):
            for index in choose_frames(make_video(visible), dice, n_train=2, n_test=2):
                assert visible[index]

    def test_gap_grows_where_the_target_is_seldom_seen(self, dice):
        visible = np.zeros(1000)
        visible[::70] = 1
        chosen = choose_frames(make_video(visible), dice, n_train=2, n_test=2)
        assert chosen[1] < chosen[0] < chosen[2]

    def test_one_train_frame_needs_none_before(self, dice):
        visible = np.zeros(40)
        visible[:5] = 1
        chosen = [
            choose_frames(make_video(visible), dice, n_train=1, n_test=1)
            for _ in range(50)
        ]
        assert any(base == 0 for base, _ in chosen)
        assert all(base < later for base, later in chosen)

    def test_still_is_repeated(self, dice):
        assert choose_frames(make_video([1]), dice, n_train=2, n_test=3) == [0] * 5


class TestTrust:
    def test_frames_are_drawn_as_often_as_they_are_trusted(self, dice):
        trust = np.where(np.arange(60) % 2, 9.0, 1.0).astype(np.float32)
        video = replace(make_video(np.ones(60)), trust=trust)
        drawn = [
            index
            for _ in range(300)
            for index in choose_frames(video, dice, n_train=2, n_test=2)
        ]
        assert np.mean(np.array(drawn) % 2) == pytest.approx(0.9, abs=0.03)

    def test_frames_without_a_box_are_never_drawn(self, dice):
        trust = np.full(60, 0.5, np.float32)
        video = replace(make_video(np.arange(60) % 3 == 0), trust=trust)
        for _ in range(100):
            chosen = choose_frames(video, dice, n_train=2, n_test=2)
            assert all(index % 3 == 0 for index in chosen)


class TestCanBeDrawn:
    @pytest.mark.parametrize(
        ("shown", "n_train", "expected"),
        [
            pytest.param((2, 9, 17), 2, True, id="three_boxes"),
            pytest.param((2, 9), 2, False, id="nothing_before_or_after"),
            pytest.param((2, 9), 1, True, id="one_train_frame"),
            pytest.param((), 2, False, id="no_box"),
            pytest.param((0, 18, 19), 2, False, id="base_too_near_the_end"),
            pytest.param((0, 1, 9), 2, True, id="base_right_behind_the_first"),
        ],
    )
    def test_value(self, shown, n_train, expected, dice):
        video = make_video(np.isin(np.arange(20), shown))
        assert can_be_drawn(video, n_train=n_train, n_test=2) is expected
        if expected:  # and it does end
            chosen = choose_frames(video, dice, n_train=n_train, n_test=2)
            assert set(chosen) <= set(shown)


class TestIsUsable:
    @pytest.mark.parametrize(
        ("visible", "expected"),
        [
            pytest.param(np.ones(20), True, id="twenty_frames"),
            pytest.param(np.ones(19), False, id="too_short"),
            pytest.param(np.arange(100) < 13, True, id="thirteen_visible"),
            pytest.param(np.arange(100) < 12, False, id="twelve_visible"),
            pytest.param([1], True, id="still"),
            pytest.param([0], False, id="hidden_still"),
        ],
    )
    def test_rule(self, visible, expected):
        assert is_usable(make_video(visible), n_train=3, n_test=3) is expected
