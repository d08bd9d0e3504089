"""Choices that the engine understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from fcot_engine.annotation import Overwrite
from fcot_engine.errors import ConfigError
from napari_fcot.layers.painted import PaintedHeatmap
from napari_fcot.preferences import Preferences


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("device", "tpu", "device must be one of auto, cpu, cuda, mps, got 'tpu'"),
        ("preset", "huge", "preset must be one of auto, lite"),
        ("overwrite", "all", "overwrite must be one of tracked boxes, nothing"),
        ("project_place", "cloud", "project_place must be one of beside the video"),
        ("heatmap_opacity", 1.5, "heatmap_opacity must lie between 0 and 1, got 1.5"),
        ("heatmap_opacity", -0.1, "heatmap_opacity must lie between 0 and 1"),
    ],
)
def test_other_values_are_refused(name, value, words):
    with pytest.raises(ConfigError, match=words):
        Preferences(**{name: value})


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("tracked boxes", Overwrite.MACHINE), ("nothing", Overwrite.NOTHING)],
)
def test_overwrite_is_what_the_engine_calls_it(choice, expected):
    assert Preferences(overwrite=choice).overwrite_policy is expected


@pytest.mark.parametrize("stops", [True, False])
def test_cuts_are_handed_to_the_engine(stops):
    assert Preferences(stop_at_cuts=stops).propagation.stop_at_cuts is stops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("  ", None, id="blanks"),
        pytest.param("/data/work", Path("/data/work"), id="path"),
        pytest.param("~/films", Path.home() / "films", id="home"),
    ],
)
def test_own_folder(text, expected):
    assert Preferences(project_folder=text).own_folder == expected


def test_projects_lie_beside_videos_unless_told_otherwise():
    assert Preferences().is_beside_video
    assert not Preferences(project_place="own folder").is_beside_video


def test_heatmap_begins_as_it_did_without_preferences():
    assert Preferences().heatmap_opacity == PaintedHeatmap().opacity
