from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import pytest

from fcot_engine.config import (
    COARSE_STRIDE,
    FINE_STRIDE,
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
)
from fcot_engine.errors import ConfigError


def make_classifier(**changes):
    settings = {
        "channels": 4,
        "filter_side": 3,
        "label_sigma": 1.0,
        "mask_slope": 0.5,
    }
    return ClassifierConfig(**(settings | changes))


class TestNetworkConfig:
    def test_strides_fit_into_each_other(self):
        assert COARSE_STRIDE % (2 * FINE_STRIDE) == 0

    def test_frozen_at_every_level(self):
        config = NetworkConfig()
        for field in fields(config):
            part = getattr(config, field.name)
            assert is_dataclass(part)
            with pytest.raises(FrozenInstanceError):
                setattr(part, fields(part)[0].name, 1)

    def test_equal_settings_are_equal(self):
        assert NetworkConfig() == NetworkConfig()
        assert NetworkConfig() != NetworkConfig(
            backbone=replace(NetworkConfig().backbone, decoder_width=7)
        )

    def test_unknown_setting_is_refused(self):
        with pytest.raises(TypeError, match="wdith"):
            BackboneConfig(wdith=3)

    @pytest.mark.parametrize("name", ["widths", "blocks"])
    def test_layers_without_size_are_named(self, name):
        with pytest.raises(ConfigError, match=rf"backbone\.{name} must be above 0"):
            BackboneConfig(**{name: (8, 0, 8)})

    @pytest.mark.parametrize("side", [0, -3])
    def test_filter_must_have_a_size(self, side):
        with pytest.raises(ConfigError, match=f"above 0, got {side}"):
            make_classifier(filter_side=side)

    def test_head_must_not_have_less_than_no_channels(self):
        with pytest.raises(ConfigError, match="must not be negative, got -1"):
            make_classifier(head_width=-1)

    def test_unknown_initialiser_is_named(self):
        with pytest.raises(ConfigError, match="'window' or 'box', got 'magic'"):
            make_classifier(initialiser="magic")

    def test_odd_and_even_filters_do_not_mix(self):
        with pytest.raises(ConfigError, match="odd or both an even side, got 4 and 7"):
            NetworkConfig(coarse=make_classifier(filter_side=4))
