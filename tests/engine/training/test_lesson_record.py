from __future__ import annotations

import pytest

from fcot_engine.config import LessonConfig
from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import write_checkpoint
from fcot_engine.training.lesson_plan import plan_folds
from fcot_engine.training.lesson_record import note_lessons


@pytest.fixture
def folds(tmp_path, make_square_video, label):
    videos = [label(make_square_video(12), drawn=(0, 8), name=name) for name in "ab"]
    plans, _ = plan_folds(
        videos, LessonConfig(), folder=tmp_path / "clips", max_folds=2
    )
    return plans


def test_same_lessons_go_on(tmp_path, folds):
    note_lessons(tmp_path / "run", folds[0], resume=False)
    write_checkpoint(tmp_path / "run", {}, step=1)
    note_lessons(tmp_path / "run", folds[0], resume=True)
    assert (tmp_path / "run" / "lessons.txt").read_text() == folds[0].text


def test_checkpoint_that_learned_what_is_to_be_held_out_is_refused(tmp_path, folds):
    note_lessons(tmp_path / "run", folds[0], resume=False)
    write_checkpoint(tmp_path / "run", {}, step=1)
    with pytest.raises(TrainingError, match="trained on other lessons"):
        note_lessons(tmp_path / "run", folds[1], resume=True)


def test_checkpoint_without_a_note_is_refused(tmp_path, folds):
    write_checkpoint(tmp_path / "run", {}, step=1)
    with pytest.raises(TrainingError, match="trained on other lessons"):
        note_lessons(tmp_path / "run", folds[0], resume=True)


@pytest.mark.parametrize("resume", [True, False])
def test_note_without_a_checkpoint_is_replaced(tmp_path, folds, resume):
    note_lessons(tmp_path, folds[0], resume=False)
    note_lessons(tmp_path, folds[1], resume=resume)
    assert (tmp_path / "lessons.txt").read_text() == folds[1].text


def test_unwritable_folder_is_named(tmp_path, folds):
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        note_lessons(tmp_path / "file", folds[0], resume=False)
