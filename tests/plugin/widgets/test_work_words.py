"""No feature without words."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import FEATURES, WorkStop
from napari_fcot.widgets.work_list_box import (
    describe_reasons,
    describe_stop,
    name_reasons,
)

REASONS = (*FEATURES, "gap")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words_of_its_own(reason):
    plain = reason.replace("_", " ")
    assert name_reasons((reason,)) not in (plain, "spot check")
    assert describe_reasons((reason,)).lower() != f"{plain}."


def test_no_two_reasons_say_the_same():
    for describe in (name_reasons, describe_reasons):
        assert len({describe((reason,)) for reason in REASONS}) == len(REASONS)


def test_feature_that_somebody_added_is_named():
    assert name_reasons(("night_shot",)) == "night shot"
    assert describe_reasons(("night_shot",)) == "Night shot."


def test_frame_without_reasons_is_a_spot_check():
    assert name_reasons(()) == "spot check"
    assert describe_reasons(()).endswith(".")


@pytest.mark.parametrize(
    ("names", "begin"),
    [
        pytest.param({2: "cup"}, "cup, frame 7: The box jumps", id="known"),
        pytest.param({}, "target 2, frame 7: The box jumps", id="unknown"),
    ],
)
def test_stop_is_named(names, begin):
    stop = WorkStop(2, 7, expected_saving=0.4, risk=0.5, reasons=("jump",))
    assert describe_stop(stop, names).startswith(begin)
