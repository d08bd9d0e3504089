"""When somebody stays at a frame."""

from __future__ import annotations

import pytest

from napari_fcot.layers.box_view import StepRest


@pytest.fixture
def rest(qapp):
    rest = StepRest(rest_ms=30)
    rest.told = []
    rest.rested.connect(lambda: rest.told.append("rested"))
    return rest


def test_many_steps_are_one_move(qtbot, rest):
    for _ in range(5):
        rest.step()
    assert rest.is_moving
    qtbot.waitUntil(lambda: not rest.is_moving)
    assert rest.told == ["rested"]


def test_rest_can_be_had_at_once(rest):
    rest.step()
    rest.rest_now()
    rest.rest_now()
    assert rest.told == ["rested"]
    assert not rest.is_moving
