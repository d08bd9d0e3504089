from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.labelled_video import split_video, take_whole

CONFIG = LessonConfig()


def test_stretch_is_a_share_at_the_end_where_more_was_drawn(make_square_video, label):
    video = label(make_square_video(100), drawn=(0, 70, 80, 95))
    _, stretch = split_video(video, CONFIG, seed=0)
    assert (stretch.first, stretch.last) == (70, 99)


def test_stretch_lies_at_the_beginning_where_more_was_drawn_there(
    make_square_video, label
):
    video = label(make_square_video(100), drawn=(0, 10, 20))
    _, stretch = split_video(video, CONFIG, seed=0)
    assert (stretch.first, stretch.last) == (0, 29)


def test_seed_decides_between_equal_ends(make_square_video, label):
    video = label(make_square_video(100), drawn=(0, 99))
    firsts = {split_video(video, CONFIG, seed=s)[1].first for s in range(20)}
    assert firsts == {0, 70}


def test_nothing_is_learned_in_the_stretch_nor_next_to_it(make_square_video, label):
    video = label(make_square_video(100), drawn=(0, 80, 90))
    (track,), stretch = split_video(video, CONFIG, seed=0)
    assert track.frames.max() == stretch.first - CONFIG.gap_frames - 1
    assert track.frames.min() == 0


def test_short_videos_lose_little_beside_the_stretch(make_square_video, label):
    video = label(make_square_video(20), drawn=(0, 15, 19))
    (track,), stretch = split_video(video, CONFIG, seed=0)
    assert stretch.first == 14
    assert track.frames.max() == 14 - 2 - 1


def test_untrusted_boxes_are_not_learned(make_square_video, label):
    video = label(make_square_video(60), drawn=(50, 55))
    (target,) = video.targets
    trust = target.trust.copy()
    trust[5:10] = 0
    target = replace(target, trust=trust)
    (track,), _ = split_video(replace(video, targets=(target,)), CONFIG, seed=0)
    assert not set(range(5, 10)) & set(track.frames.tolist())
    assert (track.trust > 0).all()


def test_many_frames_are_thinned_and_drawn_ones_stay(make_square_video, label):
    video = label(make_square_video(120), drawn=(3, 44, 100, 110, 115))
    config = replace(CONFIG, max_frames=10)
    (track,), _ = split_video(video, config, seed=0)
    assert len(track.frames) == 10
    assert {3, 44} <= set(track.frames.tolist())
    assert (np.diff(track.frames) > 0).all()


def test_target_seen_in_the_stretch_alone_is_judged_but_not_learned(
    make_square_video, label
):
    video = label(make_square_video(100), drawn=(0, 80, 90))
    (target,) = video.targets
    trust = np.where(np.arange(100) >= 70, target.trust, 0)
    late = replace(target, trust=trust)
    tracks, stretch = split_video(
        replace(video, targets=(target, late)), CONFIG, seed=0
    )
    assert len(tracks) == 1
    assert len(stretch.video.targets) == 2


def test_too_few_boxes_are_named(make_square_video, label):
    with pytest.raises(TrainingError, match="usable boxes in 2 frames only"):
        split_video(label(make_square_video(50), drawn=(0, 9), trust=0), CONFIG, seed=0)


class TestTakeWhole:
    def test_all_labelled_frames_are_learned_from(self, make_square_video, label):
        video = label(make_square_video(60), drawn=(0, 50))
        (target,) = video.targets
        trust = target.trust.copy()
        trust[5:10] = 0
        video = replace(video, targets=(replace(target, trust=trust),))
        (track,), whole = take_whole(video, CONFIG)
        assert track.frames.tolist() == [*range(5), *range(10, 60)]
        assert (whole.video, whole.first, whole.last) == (video, 0, 59)

    def test_many_frames_are_thinned(self, make_square_video, label):
        video = label(make_square_video(60), drawn=(0, 50))
        (track,), _ = take_whole(video, replace(CONFIG, max_frames=10))
        assert len(track.frames) == 10 and {0, 50} <= set(track.frames.tolist())

    def test_target_without_usable_boxes_is_not_learned(self, make_square_video, label):
        video = label(make_square_video(60))
        (target,) = video.targets
        unseen = replace(target, trust=np.zeros(60))
        tracks, whole = take_whole(replace(video, targets=(target, unseen)), CONFIG)
        assert len(tracks) == 1 and len(whole.video.targets) == 2

    def test_too_few_boxes_are_named(self, make_square_video, label):
        video = label(make_square_video(50), drawn=(0, 9), trust=0)
        with pytest.raises(TrainingError, match="usable boxes in 2 frames only"):
            take_whole(video, CONFIG)
