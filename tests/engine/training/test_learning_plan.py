from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import write_checkpoint
from fcot_engine.training.projects import (
    plan_folds,
    plan_segment,
    split_video,
    take_whole,
)

CONFIG = LessonConfig()


def test_segment_is_a_share_at_the_end_where_more_was_drawn(make_square_video, label):
    video = label(make_square_video(100), drawn=(0, 70, 80, 95))
    _, segment = split_video(video, CONFIG)
    assert (segment.first, segment.last) == (70, 99)


def test_segment_lies_at_the_beginning_where_more_was_drawn_there(
    make_square_video, label
):
    video = label(make_square_video(100), drawn=(0, 10, 20))
    _, segment = split_video(video, CONFIG)
    assert (segment.first, segment.last) == (0, 29)


def test_nothing_is_learned_in_the_segment_nor_next_to_it(make_square_video, label):
    video = label(make_square_video(100), drawn=(0, 80, 90))
    (track,), segment = split_video(video, CONFIG)
    assert track.frames.max() == segment.first - CONFIG.gap_frames - 1
    assert track.frames.min() == 0


def test_untrusted_boxes_are_not_learned(make_square_video, label):
    video = label(make_square_video(60), drawn=(50, 55))
    (target,) = video.targets
    trust = target.trust.copy()
    trust[5:10] = 0
    target = replace(target, trust=trust)
    (track,), _ = split_video(replace(video, targets=(target,)), CONFIG)
    assert not set(range(5, 10)) & set(track.frames.tolist())
    assert (track.trust > 0).all()


def test_many_frames_are_thinned_and_drawn_ones_stay(make_square_video, label):
    video = label(make_square_video(120), drawn=(3, 44, 100, 110, 115))
    config = replace(CONFIG, max_frames=10)
    (track,), _ = split_video(video, config)
    assert len(track.frames) == 10
    assert {3, 44} <= set(track.frames.tolist())
    assert (np.diff(track.frames) > 0).all()


def test_too_few_boxes_are_named(make_square_video, label):
    with pytest.raises(TrainingError, match="usable boxes in 2 frames only"):
        split_video(label(make_square_video(50), drawn=(0, 9), trust=0), CONFIG)


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


@pytest.fixture
def videos(make_square_video, label):
    """Videos of the names asked for."""

    def make(names):
        return [label(make_square_video(12), drawn=(0, 8), name=name) for name in names]

    return make


def clips(plan):
    return [track.folder.name for track in plan.learned]


def held(plan):
    return [each.video.name for each in plan.held_out]


class TestPlanSegment:
    def test_lessons_and_held_out_frames_are_apart(
        self, tmp_path, make_square_video, label
    ):
        video = label(make_square_video(60), drawn=(0, 50, 55))
        plan = plan_segment(video, CONFIG, folder=tmp_path)
        (track,), (segment,) = plan.learned, plan.held_out
        learned = np.flatnonzero(track.visible)
        assert learned.max() < segment.first
        stored = {int(p.stem) for p in track.folder.glob("*.jpg")}
        assert stored == set(learned.tolist())

    def test_clips_of_an_earlier_run_are_not_learned_from(self, tmp_path, videos):
        plan_folds(videos("ab"), CONFIG, folder=tmp_path, max_folds=3)
        (video,) = videos("a")
        assert clips(plan_segment(video, CONFIG, folder=tmp_path)) == ["01-a"]

    def test_text_tells_the_segment(self, tmp_path, make_square_video, label):
        video = label(make_square_video(60), drawn=(0, 50, 55), name="my film")
        plan = plan_segment(video, CONFIG, folder=tmp_path)
        assert plan.text == (
            "learned from: clip 01-my-film\nheld out: my film, frames 42 to 59\n"
        )


class TestPlanFolds:
    def test_each_video_is_held_out_whole_once(self, tmp_path, videos):
        folds, everything = plan_folds(
            videos("abc"), CONFIG, folder=tmp_path, max_folds=3
        )
        assert [held(fold) for fold in folds] == [["a"], ["b"], ["c"]]
        assert [(s.first, s.last) for fold in folds for s in fold.held_out] == [
            (0, 11)
        ] * 3
        assert everything.held_out == ()

    def test_lessons_are_those_of_the_other_videos(self, tmp_path, videos):
        folds, everything = plan_folds(
            videos("abc"), CONFIG, folder=tmp_path, max_folds=3
        )
        assert [clips(fold) for fold in folds] == [
            ["02-b", "03-c"],
            ["01-a", "03-c"],
            ["01-a", "02-b"],
        ]
        assert clips(everything) == ["01-a", "02-b", "03-c"]
        assert all(track.visible.sum() == 12 for track in everything.learned)

    def test_many_videos_are_dealt_in_their_order(self, tmp_path, videos):
        folds, _ = plan_folds(videos("abcde"), CONFIG, folder=tmp_path, max_folds=3)
        assert [held(fold) for fold in folds] == [["a", "d"], ["b", "e"], ["c"]]
        for fold in folds:
            assert len(clips(fold)) + len(held(fold)) == 5
            assert not {name[3:] for name in clips(fold)} & set(held(fold))

    def test_videos_of_the_same_name_are_kept_apart(self, tmp_path, videos):
        folds, _ = plan_folds(
            videos(["my film/1"] * 2), CONFIG, folder=tmp_path, max_folds=3
        )
        assert [clips(fold) for fold in folds] == [["02-my-film-1"], ["01-my-film-1"]]

    def test_clips_of_an_earlier_run_are_not_learned_from(self, tmp_path, videos):
        plan_folds(videos("abc"), CONFIG, folder=tmp_path, max_folds=3)
        _, everything = plan_folds(videos("ab"), CONFIG, folder=tmp_path, max_folds=3)
        assert clips(everything) == ["01-a", "02-b"]

    def test_one_video_cannot_be_held_out_in_turn(self, tmp_path, videos):
        with pytest.raises(TrainingError, match="two or more, got 1"):
            plan_folds(videos("a"), CONFIG, folder=tmp_path, max_folds=3)


@pytest.fixture
def folds(tmp_path, make_square_video, label):
    videos = [label(make_square_video(12), drawn=(0, 8), name=name) for name in "ab"]
    plans, _ = plan_folds(
        videos, LessonConfig(), folder=tmp_path / "clips", max_folds=2
    )
    return plans


def test_same_plan_goes_on(tmp_path, folds):
    folds[0].note(tmp_path / "run", resume=False)
    write_checkpoint(tmp_path / "run", {})
    folds[0].note(tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "learned-from.txt").read_text() == folds[0].text


def test_checkpoint_that_learned_what_is_to_be_held_out_is_refused(tmp_path, folds):
    folds[0].note(tmp_path / "run", resume=False)
    write_checkpoint(tmp_path / "run", {})
    with pytest.raises(TrainingError, match="trained on other data"):
        folds[1].note(tmp_path / "run", resume=True)


@pytest.mark.parametrize("resume", [True, False])
def test_note_without_a_checkpoint_is_replaced(tmp_path, folds, resume):
    folds[0].note(tmp_path, resume=False)
    folds[1].note(tmp_path, resume=resume)
    assert (tmp_path / "learned-from.txt").read_text() == folds[1].text


def test_unwritable_folder_is_named(tmp_path, folds):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        folds[0].note(tmp_path / "file", resume=False)
