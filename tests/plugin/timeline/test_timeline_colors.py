"""Colours come from napari's theme and can be told from the ground."""

from __future__ import annotations

import pytest

from napari_fcot.timeline.timeline_colors import TimelineColors, mix


def luminance(color):
    """Relative luminance as the accessibility guidelines (WCAG 2) define it."""
    parts = [part / 255 for part in color]
    linear = [
        p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture(params=["dark", "light"])
def colors(request):
    return TimelineColors.of_theme(request.param)


def test_text_can_be_read(colors):
    assert contrast(colors.text, colors.background) > 7
    assert contrast(colors.cursor_text, colors.cursor) > 3


@pytest.mark.parametrize("track_id", range(1, 8))
def test_targets_stand_out_from_the_ground(colors, track_id):
    assert contrast(colors.of_target(track_id), colors.row) > 2


def test_gaps_stand_out_from_the_ground(colors):
    assert contrast(colors.gap, colors.row) > 3


def test_mixing_goes_from_one_to_the_other():
    assert mix((100, 0, 200), (0, 100, 200), 1.0) == (100, 0, 200)
    assert mix((100, 0, 200), (0, 100, 200), 0.25) == (25, 75, 200)
