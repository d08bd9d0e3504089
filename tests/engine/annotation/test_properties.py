"""Random sequences of edits by a person, machines, undo, redo and reopening."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fcot_engine.annotation import (
    Annotations,
    Box,
    By,
    Document,
    Maker,
    Origin,
    Project,
    SpanKind,
    VideoIdentity,
    annotations_to_json,
    edits,
)
from fcot_engine.annotation.changes import SetBoxes, merge_changes
from fcot_engine.annotation.targets import is_same_thing
from fcot_engine.errors import EditError

N_FRAMES = 12
VIDEO = VideoIdentity("frames", "v", N_FRAMES, 64, 48, 0, "hash")

frames = st.integers(0, N_FRAMES - 1)
targets = st.integers(1, 4)
sides = st.floats(0.5, 40, allow_nan=False, width=32)
boxes = st.tuples(sides, sides, sides, sides)
kinds = st.sampled_from(SpanKind)
names = st.text(min_size=1, max_size=5).filter(lambda name: name.strip())


def found_boxes(annotations, target, first, count, box, score):
    """Rows as a tracker would find them."""
    chosen = np.arange(first, min(first + count, N_FRAMES))
    makers = annotations.makers
    rows = [
        Box(
            int(frame),
            box,
            Origin.TRACKED,
            score=score,
            is_lost=score < 0.2,
            look_alike=None if frame % 2 else score / 3,
            maker=Maker("engine", f"w{int(score * 3)}"),
        ).to_rows(makers)
        for frame in chosen
    ]
    return chosen, np.concatenate(rows)


def machine_run(annotations, target, first, count, box, score):
    found = found_boxes(annotations, target, first, count, box, score)
    return edits.put_found(annotations, {target: found}, kind="run", text="found")


ACTIONS = {
    "add": (edits.add_target, st.tuples()),
    "remove": (edits.remove_target, st.tuples(targets)),
    "describe": (
        lambda a, t, name: edits.describe_target(a, t, name=name, attributes={"k": 1}),
        st.tuples(targets, names),
    ),
    "draw": (edits.draw_box, st.tuples(targets, frames, boxes)),
    "pick": (edits.pick_peak, st.tuples(targets, frames, boxes)),
    "pick_of": (edits.pick_peak, st.tuples(targets, frames, boxes, st.lists(boxes))),
    "delete": (edits.delete_box, st.tuples(targets, frames)),
    "clean": (
        lambda a, t, f, g: edits.delete_machine_boxes(a, t, min(f, g), max(f, g)),
        st.tuples(targets, frames, frames),
    ),
    "mark": (
        lambda a, t, f, g, kind: edits.mark_span(a, t, min(f, g), max(f, g), kind),
        st.tuples(targets, frames, frames, kinds),
    ),
    "clear": (
        lambda a, t, f, g: edits.clear_span(a, t, min(f, g), max(f, g)),
        st.tuples(targets, frames, frames),
    ),
    "end": (edits.end_target, st.tuples(targets, frames)),
    "interpolate": (edits.interpolate, st.tuples(targets, frames, frames)),
    "run": (
        machine_run,
        st.tuples(targets, frames, st.integers(1, 8), boxes, st.floats(0, 1)),
    ),
    "split": (edits.split_target, st.tuples(targets, frames)),
    "merge": (edits.merge_targets, st.tuples(targets, targets)),
    "swap": (edits.swap_targets, st.tuples(targets, targets, frames)),
}

one_action = st.sampled_from(sorted(ACTIONS)).flatmap(
    lambda name: st.tuples(st.just(name), ACTIONS[name][1])
)
steps = st.lists(
    st.one_of(
        one_action,
        one_action,
        one_action,
        st.tuples(
            st.sampled_from(["undo", "redo", "reopen", "more"]),
            st.just(()),
        ),
    ),
    min_size=5,
    max_size=40,
)
START = [("add", ()), ("draw", (1, 2, (1.0, 2.0, 3.0, 4.0))), ("add", ())]


def make_edit(annotations, name, arguments):
    """The edit of an action, None where it is not allowed."""
    try:
        return ACTIONS[name][0](annotations, *arguments)
    except EditError:
        return None


def human_boxes(annotations):
    return {
        (target.target_id, box.frame_index): box
        for target in annotations
        for box in target.boxes
        if box.is_human
    }


def apply_all(actions, states=None):
    """Annotations after some actions, each as an edit of its own."""
    document = Document()
    for name, arguments in [*START, *actions]:
        edit = make_edit(document.annotations, name, arguments)
        if edit is not None:
            document.do(edit)
            if states is not None:
                states.append(annotations_to_json(document.annotations))
    return document


@given(st.lists(one_action, max_size=30))
def test_undo_restores_every_exact_state_and_redo_repeats_it(actions):
    states = [annotations_to_json(Annotations())]
    document = apply_all(actions, states)
    for expected in reversed(states[:-1]):
        document.undo()
        assert annotations_to_json(document.annotations) == expected
    assert not document.can_undo
    for expected in states[1:]:
        document.redo()
        assert annotations_to_json(document.annotations) == expected


@given(
    st.lists(one_action, max_size=25),
    targets,
    frames,
    st.integers(1, 12),
    boxes,
    st.floats(0, 1),
)
def test_machines_never_change_human_boxes(actions, target, first, count, box, score):
    document = apply_all(actions)
    if target not in document.annotations:
        return
    before = human_boxes(document.annotations)
    edit = machine_run(document.annotations, target, first, count, box, score)
    assert edit.by is By.MACHINE
    document.do(edit)
    assert human_boxes(document.annotations) == before


@given(st.lists(one_action, max_size=25), targets, frames)
def test_machine_edit_that_would_change_a_human_box_is_refused(actions, target, frame):
    document = apply_all([*actions, ("draw", (target, frame, (1.0, 1.0, 5.0, 5.0)))])
    if target not in document.annotations:
        return
    before = annotations_to_json(document.annotations)
    chosen, rows = found_boxes(
        document.annotations, target, frame, 1, (2.0, 2.0, 9.0, 9.0), 0.5
    )
    table = document.annotations[target].boxes
    change = SetBoxes(target, chosen, table.take(chosen), rows)
    with pytest.raises(EditError, match="must not be changed by a machine"):
        document.do(edits.Edit("run", "found", By.MACHINE, (change,)))
    assert annotations_to_json(document.annotations) == before


@given(st.lists(one_action, max_size=30))
def test_ids_are_unique_and_never_given_twice(actions):
    document = Document()
    given_ids = []
    for name, arguments in [*START, *actions]:
        before = {t.target_id for t in document.annotations}
        edit = make_edit(document.annotations, name, arguments)
        if edit is None:
            continue
        document.do(edit)
        now = [t.target_id for t in document.annotations]
        assert len(now) == len(set(now))
        given_ids += [target_id for target_id in now if target_id not in before]
    assert len(given_ids) == len(set(given_ids))


@given(st.lists(one_action, max_size=30))
def test_out_of_view_frames_and_those_behind_the_end_have_no_boxes(actions):
    annotations = apply_all(actions).annotations
    for target in annotations:
        for frame in target.boxes.frames().tolist():
            span = target.span_at(frame)
            assert span is None or span.kind is SpanKind.OCCLUDED
            assert target.info.end_frame is None or frame <= target.info.end_frame


@given(st.lists(one_action, max_size=30))
def test_rejected_places_lie_beside_boxes_that_a_person_drew(actions):
    document = apply_all([*actions, ("pick", (1, 2, (30.0, 30.0, 3.0, 4.0)))])
    for target in document.annotations:
        frames = [one.frame_index for one in target.info.rejections]
        assert frames == sorted(frames)
        assert max((frames.count(frame) for frame in frames), default=0) <= 4
        for one in target.info.rejections:
            box = target.boxes.get(one.frame_index)
            assert box is not None and box.is_human
            assert not is_same_thing(one.box_xywh, box.box_xywh)


@given(st.lists(one_action, min_size=1, max_size=15))
def test_merged_changes_do_the_same(actions):
    document = apply_all(actions)
    done = list(document.project.edits())
    changes = tuple(change for stored in done for change in stored.edit.changes)
    merged = merge_changes(changes)
    annotations = Annotations()
    annotations.makers = document.annotations.makers  # rows hold their numbers
    annotations.apply(edits.Edit("all", "all", By.HUMAN, merged))
    assert annotations_to_json(annotations) == annotations_to_json(document.annotations)


@given(st.lists(one_action, max_size=10), st.lists(one_action, max_size=10))
def test_copy_stays_as_it_was(before, after):
    document = apply_all(before)
    copied = document.annotations.copy()
    wanted = annotations_to_json(document.annotations)
    assert annotations_to_json(copied) == wanted
    for name, arguments in after:
        edit = make_edit(document.annotations, name, arguments)
        if edit is not None:
            document.do(edit)
    assert annotations_to_json(copied) == wanted


@pytest.mark.slow
@settings(max_examples=40)
@given(steps)
def test_project_on_the_disk_is_the_one_in_memory(steps):
    """Two documents do the same; one is closed and opened on the way."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fcot"
        memory = Document()
        disk = Document(Project.create(path, VIDEO))
        for name, arguments in [*START, *steps]:
            if name == "reopen":
                disk.close()
                disk = Document(Project.open(path))
            elif name in ("undo", "redo"):
                for document in (memory, disk):
                    if getattr(document, f"can_{name}"):
                        getattr(document, name)()
            elif name == "more":
                grow_run(memory)
                grow_run(disk)
            else:
                for document in (memory, disk):
                    edit = make_edit(document.annotations, name, arguments)
                    if edit is not None:
                        document.do(edit)
            assert_same(memory, disk)
        disk.close()
        reopened = Document(Project.open(path))
        assert reopened.project.notes == ()
        assert_same(memory, reopened)
        while memory.can_undo:
            memory.undo()
            reopened.undo()
            assert_same(memory, reopened)
        reopened.project.close()


def grow_run(document):
    """Find boxes part by part, as a run does; each is a run of its own."""
    run = object()
    for first in (0, 3, 6):
        for target in list(document.annotations):
            edit = machine_run(
                document.annotations, target.target_id, first, 5, (3, 3, 9, 9), 0.7
            )
            document.add_found(run, edit, write_every_s=0.0 if first else 99.0)
    document.close_run(run)


def assert_same(memory, disk):
    assert annotations_to_json(disk.annotations) == annotations_to_json(
        memory.annotations
    )
    assert (disk.can_undo, disk.can_redo) == (memory.can_undo, memory.can_redo)
    ours, theirs = (
        [(stored.edit.kind, stored.edit.text) for stored in document.project.edits()]
        for document in (memory, disk)
    )
    assert theirs == ours
