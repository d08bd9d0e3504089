from __future__ import annotations

import dataclasses

import pytest

from fcot_engine.config import PRESETS
from fcot_engine.errors import WeightsError
from fcot_engine.model import read_contents, save_network
from fcot_engine.tracker import (
    DeviceSpeed,
    WeightsScores,
    package_folder,
    read_scores,
    scores_path,
    write_scores,
)


@pytest.fixture
def weights(lite_network, tmp_path):
    path = tmp_path / "some.safetensors"
    save_network(lite_network, path)
    return path


@pytest.fixture
def scores(weights):
    return WeightsScores(
        tensors_sha256=read_contents(weights).sha256,
        auc=0.6,
        effort={"0.7": 9.5},
        sequences=3,
        frames=300,
        date="2026-11-22",
        speeds=(
            DeviceSpeed(kind="cpu", name="CPU", frames_per_s=20.0),
            DeviceSpeed(kind="cuda", name="slow", frames_per_s=50.0),
            DeviceSpeed(kind="cuda", name="fast", frames_per_s=90.0),
        ),
    )


class TestScores:
    def test_come_back(self, weights, scores):
        write_scores(weights, scores)
        assert read_scores(weights) == scores

    def test_speed_is_that_of_the_fastest_device_of_a_kind(self, scores):
        assert scores.speed_on("cuda") == 90
        assert scores.speed_on("mps") is None

    def test_nothing_measured_is_no_error(self, weights):
        assert read_scores(weights) is None

    def test_figures_of_other_tensors_do_not_count(self, weights, scores):
        write_scores(weights, dataclasses.replace(scores, tensors_sha256="0" * 64))
        assert read_scores(weights) is None

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("no json", id="text"),
            pytest.param("[1]", id="list"),
            pytest.param('{"auc": 0.5}', id="incomplete"),
            pytest.param(
                '{"tensors_sha256": "a", "auc": 61.5, "sequences": 1, "frames": 9, '
                '"date": "x"}',
                id="percent",
            ),
        ],
    )
    def test_damaged_file_is_named(self, weights, text):
        scores_path(weights).write_text(text)
        with pytest.raises(WeightsError, match=r"some.scores.json holds no figures"):
            read_scores(weights)

    def test_folder_that_is_not_there_is_an_error(self, scores, tmp_path):
        with pytest.raises(WeightsError, match="cannot be written"):
            write_scores(tmp_path / "none" / "some.safetensors", scores)


SHIPPED = [
    path
    for preset in PRESETS.values()
    if (path := package_folder() / preset.weights_name).is_file()
]


@pytest.mark.parametrize("weights", SHIPPED, ids=lambda path: path.stem)
def test_figures_in_the_package_are_those_of_its_weights(weights):
    """Whoever replaces weights measures them again: `fcot weights score`."""
    scores = read_scores(weights)
    assert scores is not None and scores.sequences > 0
