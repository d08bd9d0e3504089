"""A worker carries boxes while a person edits in another thread."""

from __future__ import annotations

import random
import threading

import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    PropagationConfig,
    annotations_to_json,
)
from fcot_engine.errors import EditError


class Worker(threading.Thread):
    """Does all of a run's work and keeps what went wrong."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_to_do = run
        self.error = None

    def run(self):
        try:
            for _ in self.run_to_do:
                pass
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


@pytest.mark.parametrize("seed", range(5))
def test_edits_during_a_run_are_safe(make_video, make_shop, tmp_path, seed):
    rng = random.Random(seed)
    video = make_video(150)
    path = tmp_path / "a.fcot"
    config = PropagationConfig(write_every_s=0.005)
    session = AnnotationSession.create(video, make_shop(reach=20), path, config=config)
    targets = [session.edit.add_target() for _ in range(3)]
    for lane, target in enumerate(targets):
        session.edit.draw_box(target, 0, video.truth(0, lane))
    worker = Worker(session.propagate(0))
    worker.start()
    drawn = {(target, 0): session.box(target, 0) for target in targets}
    for _ in range(25):
        target, frame = rng.choice(targets), rng.randrange(1, 150)
        box = session.edit.draw_box(target, frame, video.truth(frame, target - 1))
        drawn[target, frame] = box
        if rng.random() < 0.2:
            run = session.teach(target, frame)
            if run is not worker.run_to_do:  # the first one had ended
                worker.join(60)
                worker = Worker(run)
                worker.start()
    worker.join(60)
    assert not worker.is_alive() and worker.error is None
    for place, box in drawn.items():
        assert session.box(*place) == box
    state = annotations_to_json(session.annotations)
    session.document.project.close()
    session = AnnotationSession.open(path, make_shop(), source=video)
    assert annotations_to_json(session.annotations) == state
    while session.edit.can_undo:
        session.edit.undo()
    assert len(session.annotations) == 0
    session.close()


def test_undo_in_another_thread_ends_the_run(make_video, make_shop):
    video = make_video(150)
    session = AnnotationSession(video, make_shop())
    target = session.edit.add_target()
    session.edit.draw_box(target, 0, video.truth(0))
    before = annotations_to_json(session.annotations)
    worker = Worker(session.propagate(0))
    worker.start()
    while len(session.annotations[target].boxes) < 5:
        pass
    session.edit.undo()
    worker.join(60)
    assert worker.error is None
    assert annotations_to_json(session.annotations) == before
    with pytest.raises(EditError):
        session.reject(worker.run_to_do)
