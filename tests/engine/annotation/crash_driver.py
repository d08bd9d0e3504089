"""Kills annotating processes at random moments and looks at what is left.

    python crash_driver.py FOLDER KILLS

Torch is imported once; each victim is a fork. A victim opens a project, works through a
script of edits and runs, and says over a pipe after each step that it is finished. What
the same steps give in memory is known. Prints one JSON line with what was seen; ends
with 1 and a reason when something was lost.
"""

from __future__ import annotations

import collections
import hashlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from fcot_engine.annotation import (
    AnnotationSession,
    Direction,
    PropagationConfig,
    SpanKind,
    Until,
    annotations_to_json,
)
from fcot_engine.errors import EditError

N_SCRIPTS = 4
N_STEPS = 24
N_FRAMES = 20
LONGEST_DELAY_S = 0.03  # about the time of a step, or of a part of a run
OFTEN = ["draw", "draw", "pick", "run", "run", "correct", "undo", "redo"]
KINDS = 2 * OFTEN + ["mark", "delete", "swap", "add"]


def load_fakes():
    """The fakes of conftest.py, which is no importable module here."""
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("annotation_fakes", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FAKES = load_fakes()
VIDEO = FAKES.NumberedVideo(N_FRAMES)
CONFIG = PropagationConfig(write_every_s=0.0)


def take_steps(session, seed):
    """Yield after each finished step what kind it was."""
    rng = random.Random(seed)
    for lane in range(2):
        target = session.edit.add_target()
        yield "edit"
        session.edit.draw_box(target, 0, VIDEO.truth(0, lane))
        yield "edit"
    while True:
        kind = rng.choice(KINDS)
        ids = [target.target_id for target in session.annotations]
        target, frame = rng.choice(ids), rng.randrange(N_FRAMES)
        other, way = rng.choice(ids), rng.choice(list(Direction))
        try:
            if kind in ("draw", "correct"):
                session.edit.draw_box(target, frame, VIDEO.truth(frame, target % 2))
            elif kind == "pick":
                x, y, w, h = VIDEO.truth(frame, target % 2)
                session.edit.pick_peak(target, frame, (x + 40, y, w, h))
            if kind == "correct":
                yield "edit"
                collections.deque(session.teach(target, frame), 0)
            elif kind == "run":
                run = session.propagate(frame, direction=way, until=Until.NEXT_HUMAN)
                collections.deque(run, 0)
            elif kind == "mark":
                session.edit.mark_span(
                    target, frame, min(frame + 3, N_FRAMES - 1), SpanKind.OCCLUDED
                )
            elif kind == "delete":
                session.edit.delete_box(target, frame)
            elif kind == "swap":
                session.edit.swap(target, other, frame)
            elif kind == "add":
                session.edit.add_target()
            elif kind in ("undo", "redo"):
                getattr(session.edit, kind)()
        except EditError:
            kind = "nothing"  # not possible just now
        yield "run" if kind in ("run", "correct") else "edit"


def digest(session):
    """Boxes, targets, and which edit would be taken back."""
    last = session.document.project.last()
    state = [annotations_to_json(session.annotations), last and last.ids.start]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def expect(seed):
    """States after 0, 1, 2, ... steps, and what kind each step was."""
    session = AnnotationSession(VIDEO, FAKES.TrackerShop(reach=15), config=CONFIG)
    states, kinds = [digest(session)], [None]
    for kind, _ in zip(take_steps(session, seed), range(N_STEPS), strict=False):
        states.append(digest(session))
        kinds.append(kind)
    return states, kinds


def live(path, seed, pipe):
    """What a victim does, until it is killed."""
    session = open_project(path)
    for number, _ in enumerate(take_steps(session, seed), 1):
        os.write(pipe, b"%d\n" % number)
        if number == N_STEPS:
            break
    time.sleep(60)


def open_project(path):
    shop = FAKES.TrackerShop(reach=15)
    return AnnotationSession.open(path, shop, source=VIDEO, config=CONFIG)


def kill_one(path, seed, n_steps, delay_s):
    """Kill a process a while after some step; return the steps it finished."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        live(path, seed, writer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        finished = sum(1 for _, _ in zip(range(n_steps), said, strict=False))
        time.sleep(delay_s)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return finished + len(said.readlines())


def check(path, states, kinds, finished):
    """Say what was found after a kill; raise if something is lost."""
    session = open_project(path)
    found = digest(session)
    human = {f: b for t in session.annotations for f, b in human_boxes(t).items()}
    following = min(finished + 1, N_STEPS)
    if found == states[finished]:
        outcome = "as it was"
    elif found == states[following]:
        outcome = "one step on"
    elif kinds[following] == "run":
        session.edit.undo()
        if digest(session) != states[finished]:
            raise SystemExit(f"lost: step {finished} is not below the unfinished run")
        kept = {f: b for t in session.annotations for f, b in human_boxes(t).items()}
        if kept != human:
            raise SystemExit("the unfinished run changed a drawn box")
        outcome = "in a run"
    else:
        raise SystemExit(f"lost: {finished} steps were finished, found {found}")
    session.close()
    return outcome


def human_boxes(target):
    return {
        (target.target_id, box.frame_index): box for box in target.boxes if box.is_human
    }


def main(folder, n_kills):
    expected = [expect(seed) for seed in range(N_SCRIPTS)]
    rng = random.Random(0)
    outcomes = collections.Counter()
    steps = []
    for kill in range(n_kills):
        place = folder / f"k{kill}"
        place.mkdir()
        path = place / "a.fcot"
        seed = kill % N_SCRIPTS
        shop = FAKES.TrackerShop()
        AnnotationSession.create(VIDEO, shop, path, config=CONFIG).close()
        delay_s = rng.uniform(0, LONGEST_DELAY_S)
        finished = kill_one(path, seed, rng.randrange(N_STEPS), delay_s)
        states, kinds = expected[seed]
        outcomes[check(path, states, kinds, finished)] += 1
        steps.append(finished)
        shutil.rmtree(place)
    sys.stdout.write(json.dumps({"steps": sum(steps), "most": max(steps), **outcomes}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
