"""What a training learns from and holds out, noted in its folder.

Who goes on from a checkpoint must not judge it on what it was learned from: after other
projects were named, or the same ones in another order, or boxes were drawn where a
stretch is held out.
"""

from __future__ import annotations

from pathlib import Path

from fcot_engine.errors import TrainingError
from fcot_engine.training.checkpoint import find_checkpoint
from fcot_engine.training.lesson_plan import LessonPlan

__all__ = ["note_lessons"]

_NAME = "lessons.txt"


def note_lessons(folder: Path, plan: LessonPlan, *, resume: bool) -> None:
    """Note a plan in the folder of its training, or see that it is the one noted.

    Args:
        folder: of the training.
        plan: what is to be learned from.
        resume: whether training goes on from a checkpoint of the folder, if there is
            one.

    Raises:
        TrainingError: the checkpoint was trained by another plan, or nothing can be
            written.
    """
    path = folder / _NAME
    try:
        if not resume or find_checkpoint(folder) is None:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(plan.text, encoding="utf-8")
        is_other = not path.is_file() or path.read_text(encoding="utf-8") != plan.text
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be written or read: {error}. Choose another run folder."
        ) from error
    if is_other:
        raise TrainingError(
            f"The checkpoint in {folder} was trained on other lessons than are asked "
            "for now, and cannot be judged on them. Name the same projects in the same "
            "order, with the same boxes, or choose another run folder."
        )
