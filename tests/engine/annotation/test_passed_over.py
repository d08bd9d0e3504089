from __future__ import annotations

import pytest


@pytest.fixture
def tracked(one_target, finish):
    session, target = one_target
    finish(session.propagate(0))
    session._passed_over.add(target, 7, session.box(target, 7))
    return session, target


def seen(session):
    return session._passed_over.frames(session.annotations)


def test_frame_is_remembered_while_its_box_stays(tracked):
    session, target = tracked
    assert seen(session) == {target: {7}}


def test_other_box_is_worth_a_new_look(tracked):
    session, target = tracked
    session.edit.draw_box(target, 7, (0, 0, 9, 9))
    assert seen(session) == {}
    session.edit.undo()
    assert seen(session) == {target: {7}}


def test_removed_box_is_worth_a_new_look(tracked):
    session, target = tracked
    session.edit.delete_box(target, 7)
    assert seen(session) == {}


def test_frames_of_a_removed_target_are_left_out(tracked):
    session, target = tracked
    session.edit.remove_target(target)
    assert seen(session) == {}
