from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.config.adaptation import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.lesson_plan import plan_lessons

CONFIG = LessonConfig()


def test_lessons_and_held_out_frames_are_apart(tmp_path, make_square_video, label):
    video = label(make_square_video(60), drawn=(0, 50, 55))
    plan = plan_lessons([video], CONFIG, folder=tmp_path, seed=0)
    (lesson,), (held,) = plan.lessons, plan.held_out
    learned = np.flatnonzero(lesson.visible)
    assert learned.max() < held.first
    stored = {int(p.stem) for p in lesson.folder.glob("*.jpg")}
    assert stored == set(learned.tolist())


def test_videos_of_the_same_name_are_kept_apart(tmp_path, make_square_video, label):
    videos = [label(make_square_video(60), name="my film/1") for _ in range(2)]
    plan = plan_lessons(videos, CONFIG, folder=tmp_path, seed=0)
    assert [lesson.folder.name for lesson in plan.lessons] == [
        "01-my-film-1",
        "02-my-film-1",
    ]


def test_clips_of_an_earlier_run_are_not_learned_from(
    tmp_path, make_square_video, label
):
    old = [label(make_square_video(60), name=name) for name in "ab"]
    plan_lessons(old, CONFIG, folder=tmp_path, seed=0)
    plan = plan_lessons(old[:1], CONFIG, folder=tmp_path, seed=0)
    assert [lesson.folder.name for lesson in plan.lessons] == ["01-a"]


def test_no_video_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="nothing to learn from"):
        plan_lessons([], CONFIG, folder=tmp_path, seed=0)
