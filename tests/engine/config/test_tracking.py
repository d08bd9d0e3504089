from __future__ import annotations

import ast
import inspect
import math
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from fcot_engine.config import (
    AblationConfig,
    AugmentationConfig,
    ClassificationUpdateConfig,
    LocalisationConfig,
    RegressionUpdateConfig,
    TrackerConfig,
    network,
    tracking,
)
from fcot_engine.config.tracking import SearchConfig
from fcot_engine.errors import ConfigError


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
            (AblationConfig, "fine_stride", 16),
            (AblationConfig, "regression_stride", 5),
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
            (AblationConfig, "classification_scales", "both, coarse, fine"),
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

    def test_frozen(self):
        with pytest.raises(FrozenInstanceError):
            TrackerConfig().search.patch_size = 64


class TestChooseScales:
    PLACE = LocalisationConfig(coarse_weight=0.6, fine_weight=0.3)

    @pytest.mark.parametrize(
        ("scales", "weights"),
        [("both", (0.6, 0.3)), ("coarse", (0.9, 0)), ("fine", (0, 0.9))],
    )
    def test_one_scale_alone_gets_the_weight_of_both(self, scales, weights):
        ablation = AblationConfig(classification_scales=scales)
        chosen = ablation.choose_scales(self.PLACE)
        got = chosen.coarse_weight, chosen.fine_weight
        assert got == pytest.approx(weights)
        assert chosen.lost_threshold == self.PLACE.lost_threshold


@pytest.mark.parametrize("module", [network, tracking])
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


def test_nested_parts_are_dataclasses_of_their_own():
    assert {field.name for field in fields(TrackerConfig)} == {
        "search",
        "augmentation",
        "classification",
        "regression",
        "localisation",
        "calibration",
        "ablation",
    }
