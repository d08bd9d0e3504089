from __future__ import annotations

import pytest

from fcot_engine.config import (
    AdaptationConfig,
    CheckConfig,
    FactoryConfig,
    HarvestConfig,
    LessonConfig,
    LossConfig,
    TrainingConfig,
)
from fcot_engine.errors import ConfigError


class TestFactoryConfig:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param("patch_size", 100, id="patch_not_a_multiple_of_16"),
            pytest.param("patch_size", 16, id="patch_too_small"),
            pytest.param("target_size_px", 500.0, id="target_larger_than_patch"),
            pytest.param("n_train", 0, id="no_train_frames"),
            pytest.param("n_test", 0, id="no_test_frames"),
            pytest.param("plain_share", 1.2, id="share_above_one"),
            pytest.param("test_size_jitter", -0.1, id="negative_jitter"),
        ],
    )
    def test_wrong_values_are_named(self, name, value):
        with pytest.raises(ConfigError, match=name):
            FactoryConfig(**{name: value})


class TestTrainingConfig:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("stage", "three"),
            ("batch", 0),
            ("samples", 0),
            ("lr", -1.0),
            ("final_lr_share", 2.0),
            ("ema_decay", 1.0),
            ("seed", -1),
            ("log_every", 0),
            ("schedule", "linear"),
            ("decay_at", (0.5, 1.0)),
            ("decay_factor", 0.0),
            ("lr_factors", (("backbone", -0.1),)),
        ],
    )
    def test_wrong_values_are_named(self, name, value):
        with pytest.raises(ConfigError, match=name):
            TrainingConfig(**({"samples": 10} | {name: value}))


class TestLossConfig:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("coarse", -1.0),
            ("rectified", 0.0),
            ("iterations", 0),
            ("inner_iterates", (5,)),
            ("inner_iterates", ()),
        ],
    )
    def test_wrong_values_are_named(self, name, value):
        with pytest.raises(ConfigError, match=rf"losses\.{name}"):
            LossConfig(**{name: value})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (AdaptationConfig, "pull", -0.1),
        (AdaptationConfig, "blend", 0.0),
        (LessonConfig, "min_score", 1.1),
        (LessonConfig, "tracked_trust", -1.0),
        (LessonConfig, "held_out_share", 1.0),
        (LessonConfig, "gap_frames", -1),
        (LessonConfig, "max_frames", 2),
        (CheckConfig, "max_folds", 1),
        (CheckConfig, "shortest_run", 100),
        (CheckConfig, "max_frames", 0),
        (CheckConfig, "min_runs", 1),
        (CheckConfig, "confidence", 1.0),
        (HarvestConfig, "max_clips", 0),
        (HarvestConfig, "min_frames", 400),
        (HarvestConfig, "min_agreement", 2.0),
        (HarvestConfig, "min_motion", -1.0),
    ],
)
def test_wrong_values_of_fine_tuning_are_named(kind, name, value):
    with pytest.raises(ConfigError, match=name):
        kind(**{name: value})
