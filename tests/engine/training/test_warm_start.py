from __future__ import annotations

import dataclasses

import pytest
import torch

from fcot_engine.config import PRESETS, EfficientNetBackboneConfig, Preset
from fcot_engine.errors import WeightsError
from fcot_engine.model import (
    GradientFeatures,
    build_network,
    load_network,
    save_network,
)
from fcot_engine.training import measure_fixed_statistics_, start_network


@pytest.fixture
def lite_file(make_lite_network, tmp_path):
    network = make_lite_network()
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.uniform_(0.5, 1.0)
    path = tmp_path / "lite.safetensors"
    save_network(network, path)
    return path


@pytest.fixture
def small_base(make_lite_network, monkeypatch):
    """A base preset with few channels, more of them than the lite network has."""
    config = make_lite_network().config
    config = dataclasses.replace(
        config,
        backbone=EfficientNetBackboneConfig(decoder_width=12),
        fine=dataclasses.replace(config.fine, channels=9, head_width=8),
    )
    preset = Preset(
        network=config, weights_name="base.safetensors", weights_origin="A test."
    )
    monkeypatch.setitem(PRESETS, "base", preset)
    return config


class TestStartNetwork:
    def test_without_a_file_everything_is_new(self, small_base):
        start = start_network("base", None)
        assert start.network.config == small_base
        assert not start.network.backbone.fixed.has_statistics

    def test_base_takes_from_lite_what_both_have(self, small_base, lite_file):
        start, lite = start_network("base", lite_file), load_network(lite_file)
        assert start.network.config == small_base
        assert start.network.backbone.fixed.has_statistics
        own, other = start.network.state_dict(), lite.state_dict()
        for name in (
            "backbone.fixed.std",
            "fine.label_table",
            "coarse.weight_table",
            "regression.eta",
        ):
            assert torch.equal(own[name], other[name])

    def test_gains_of_fixed_features_are_taken_from_behind_the_learned_ones(
        self, small_base, lite_file
    ):
        own = start_network("base", lite_file).network.fine.start_gain
        other = load_network(lite_file).fine.start_gain
        assert torch.equal(own[9:], other[6:])
        assert (own[:9] == 0).all()

    def test_borrowing_comes_after_a_start_of_the_same_size(
        self, small_base, lite_file, tmp_path
    ):
        torch.manual_seed(5)
        own_file = tmp_path / "own.safetensors"
        save_network(build_network(small_base), own_file)
        start = start_network("base", own_file, borrow_from=lite_file)
        found, own = start.network.state_dict(), load_network(own_file).state_dict()
        trunk = "backbone.trunk.stem.conv.weight"
        assert torch.equal(found[trunk], own[trunk])
        table = "coarse.label_table"
        assert torch.equal(found[table], load_network(lite_file).state_dict()[table])
        assert "all of own.safetensors; then" in start.told

    def test_paper_cannot_start_from_lite_but_be_taught(self, lite_file):
        with pytest.raises(WeightsError, match="--distill-from"):
            start_network("paper", lite_file)


def test_groups_are_normalised_on_other_samples(small_factory):
    features = GradientFeatures()
    measure_fixed_statistics_(features, small_factory)
    images = torch.cat([small_factory.make_batch(i, 16).train_images for i in range(6)])
    maps = features(images.flatten(0, 1))
    variances = maps.var((0, 2, 3)).split(features.GROUPS)
    for variance in variances:
        assert 0.6 < float(variance.mean().sqrt()) < 1.5
    assert maps.mean((0, 2, 3)).abs().max() < 0.5
