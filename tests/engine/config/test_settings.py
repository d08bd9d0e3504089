from __future__ import annotations

import ast
import inspect
import math
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import pytest

from fcot_engine.config import (
    COARSE_STRIDE,
    FINE_STRIDE,
    AugmentationConfig,
    BackboneConfig,
    CalibrationConfig,
    ClassificationUpdateConfig,
    ClassifierConfig,
    LocalisationConfig,
    NetworkConfig,
    RegressionUpdateConfig,
    SearchConfig,
    TrackerConfig,
    network,
    tracking,
    training,
)
from fcot_engine.errors import ConfigError


class TestFrozen:
    @pytest.mark.parametrize("config", [NetworkConfig(), TrackerConfig()])
    def test_at_every_level(self, config):
        for field in fields(config):
            part = getattr(config, field.name)
            assert is_dataclass(part)
            with pytest.raises(FrozenInstanceError):
                setattr(part, fields(part)[0].name, 1)


class TestTrackerConfig:
    @pytest.mark.parametrize(
        ("config", "name", "value"),
        [
            (SearchConfig, "patch_size", 100),
            (SearchConfig, "patch_size", 16),
            (SearchConfig, "area_scale", 1.0),
            (SearchConfig, "lost_growth", 0.9),
            (SearchConfig, "max_growth", math.nan),
            (AugmentationConfig, "box_samples", 0),
            (ClassificationUpdateConfig, "update_interval", 0),
            (ClassificationUpdateConfig, "memory_size", 0),
            (ClassificationUpdateConfig, "given_capacity", 1),
            (ClassificationUpdateConfig, "given_share", 1.5),
            (RegressionUpdateConfig, "blend", -0.1),
            (RegressionUpdateConfig, "size_gain", 2.0),
            (RegressionUpdateConfig, "update_interval", 0),
            (LocalisationConfig, "window", 1.1),
            (RegressionUpdateConfig, "unchanged_weight", -1.0),
            (RegressionUpdateConfig, "trad_memory", 0),
            (RegressionUpdateConfig, "given_capacity", 1),
        ],
    )
    def test_value_out_of_range_is_named(self, config, name, value):
        with pytest.raises(ConfigError, match=rf"\.{name} must be .* got {value}"):
            config(**{name: value})

    @pytest.mark.parametrize(
        ("config", "name", "choices"),
        [
            (RegressionUpdateConfig, "static_model", "generated, rectified"),
            (RegressionUpdateConfig, "online_update", "off, rmg, trad"),
        ],
    )
    def test_unknown_choice_is_told_the_known_ones(self, config, name, choices):
        with pytest.raises(
            ConfigError, match=rf"\.{name} must be one of {choices}, got 'none'"
        ):
            config(**{name: "none"})

    def test_parts_are_replaced_one_at_a_time(self):
        config = TrackerConfig()
        changed = replace(config, search=replace(config.search, patch_size=64))
        assert changed.search.patch_size == 64
        assert changed.regression is config.regression
        assert config == TrackerConfig()


@pytest.mark.parametrize("module", [network, tracking, training])
def test_each_field_is_explained_by_a_string_below_it(module):
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                told = isinstance(after, ast.Expr) and isinstance(
                    after.value, ast.Constant
                )
                assert told, f"{node.name}.{ast.unparse(field.target)}"


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

    @pytest.mark.parametrize("name", ["widths", "blocks"])
    def test_layers_without_size_are_named(self, name):
        with pytest.raises(ConfigError, match=rf"backbone\.{name} must be above 0"):
            BackboneConfig(**{name: (8, 0, 8)})

    @pytest.mark.parametrize("side", [0, -3])
    def test_filter_must_have_a_size(self, side):
        with pytest.raises(ConfigError, match=f"above 0, got {side}"):
            make_classifier(filter_side=side)

    def test_head_must_not_have_less_than_no_channels(self):
        with pytest.raises(ConfigError, match="head_width must be at least 0, got -1"):
            make_classifier(head_width=-1)

    def test_unknown_initialiser_is_named(self):
        with pytest.raises(ConfigError, match="one of window, box, got 'magic'"):
            make_classifier(initialiser="magic")

    def test_odd_and_even_filters_do_not_mix(self):
        with pytest.raises(ConfigError, match="odd or both an even side, got 4 and 7"):
            NetworkConfig(coarse=make_classifier(filter_side=4))


class TestCalibrationConfig:
    def test_nothing_is_fitted_by_default(self):
        assert not CalibrationConfig().is_fitted

    def test_weights_stand_in_the_order_of_the_fields(self):
        config = CalibrationConfig(
            bias=9.0, peak=4.0, second_ratio=-3.0, size_change=-2.0, is_lost=-1.0
        )
        assert config.weights == (4.0, -3.0, -2.0, -1.0)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("peak", -0.1, "calibration.peak must not be negative"),
            ("second_ratio", 0.1, "calibration.second_ratio must not be positive"),
            ("size_change", 0.1, "calibration.size_change must not be positive"),
            ("is_lost", 0.1, "calibration.is_lost must not be positive"),
        ],
    )
    def test_wrong_way_is_refused(self, name, value, message):
        with pytest.raises(ConfigError, match=message):
            CalibrationConfig(**{name: value})
