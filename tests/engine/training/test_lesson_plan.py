from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.lesson_plan import plan_folds, plan_stretch

CONFIG = LessonConfig()


@pytest.fixture
def videos(make_square_video, label):
    """Videos of the names asked for."""

    def make(names):
        return [label(make_square_video(12), drawn=(0, 8), name=name) for name in names]

    return make


def clips(plan):
    return [lesson.folder.name for lesson in plan.lessons]


def held(plan):
    return [each.video.name for each in plan.held_out]


class TestPlanStretch:
    def test_lessons_and_held_out_frames_are_apart(
        self, tmp_path, make_square_video, label
    ):
        video = label(make_square_video(60), drawn=(0, 50, 55))
        plan = plan_stretch(video, CONFIG, folder=tmp_path, seed=0)
        (lesson,), (stretch,) = plan.lessons, plan.held_out
        learned = np.flatnonzero(lesson.visible)
        assert learned.max() < stretch.first
        stored = {int(p.stem) for p in lesson.folder.glob("*.jpg")}
        assert stored == set(learned.tolist())

    def test_clips_of_an_earlier_run_are_not_learned_from(self, tmp_path, videos):
        plan_folds(videos("ab"), CONFIG, folder=tmp_path, max_folds=3)
        (video,) = videos("a")
        assert clips(plan_stretch(video, CONFIG, folder=tmp_path, seed=0)) == ["01-a"]

    def test_text_tells_the_stretch(self, tmp_path, make_square_video, label):
        video = label(make_square_video(60), drawn=(0, 50, 55), name="my film")
        plan = plan_stretch(video, CONFIG, folder=tmp_path, seed=0)
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
        assert all(lesson.visible.sum() == 12 for lesson in everything.lessons)

    def test_many_videos_are_dealt_in_their_order(self, tmp_path, videos):
        folds, _ = plan_folds(videos("abcde"), CONFIG, folder=tmp_path, max_folds=3)
        assert [held(fold) for fold in folds] == [["a", "d"], ["b", "e"], ["c"]]
        for fold in folds:
            assert len(clips(fold)) + len(held(fold)) == 5
            assert not {name[3:] for name in clips(fold)} & set(held(fold))

    def test_frames_are_read_once_for_all_folds(self, tmp_path, videos):
        ones = videos("abc")
        plan_folds(ones, CONFIG, folder=tmp_path, max_folds=3)
        assert all(sorted(v.source.reads) == list(range(12)) for v in ones)

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
