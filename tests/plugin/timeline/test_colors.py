"""Colours come from napari's theme and can be told from the ground."""

from __future__ import annotations

import pytest

from fcot_engine.annotation import PALETTE
from napari_fcot.timeline import TimelineColors
from napari_fcot.timeline.colors import contrast, mix, parse_color


@pytest.fixture(params=["dark", "light"])
def colors(request):
    return TimelineColors.of_theme(request.param)


def test_text_can_be_read(colors):
    assert contrast(colors.text, colors.background) > 7
    assert contrast(colors.cursor_text, colors.cursor) > 3


@pytest.mark.parametrize("colour", [*PALETTE, "#000000", "#ffffff", "#777777"])
def test_targets_stand_out_from_the_ground_whatever_their_colour(colors, colour):
    own = colors.of_target(colour)
    assert contrast(own, colors.row) > 2
    assert contrast(own, colors.selected_row) > 2


def test_colour_that_stands_out_is_left_as_it_is():
    dark = TimelineColors.of_theme("dark")
    assert dark.of_target(PALETTE[0]) == parse_color(PALETTE[0])


def test_hidden_target_is_paler(colors):
    shown = contrast(colors.of_target(PALETTE[0]), colors.row)
    hidden = contrast(colors.of_target(PALETTE[0], is_hidden=True), colors.row)
    assert hidden < shown


def test_contrast_is_that_of_the_guidelines():
    # worked example of WCAG 2: #777777 on white
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)


def test_gaps_stand_out_from_the_ground(colors):
    assert contrast(colors.gap, colors.row) > 3


def test_mixing_goes_from_one_to_the_other():
    assert mix((100, 0, 200), (0, 100, 200), 1.0) == (100, 0, 200)
    assert mix((100, 0, 200), (0, 100, 200), 0.25) == (25, 75, 200)
