from __future__ import annotations

import torch

from fcot_engine.model import GradientFeatures
from fcot_engine.training import measure_fixed_statistics_


def test_groups_are_normalised_on_other_samples(small_factory):
    features = GradientFeatures()
    measure_fixed_statistics_(features, small_factory)
    images = torch.cat([small_factory.make_batch(i, 16).train_images for i in range(6)])
    maps = features(images.flatten(0, 1))
    variances = maps.var((0, 2, 3)).split(features.GROUPS)
    for variance in variances:
        assert 0.6 < float(variance.mean().sqrt()) < 1.5
    assert maps.mean((0, 2, 3)).abs().max() < 0.5


def test_channels_of_a_group_share_one_deviation(small_factory):
    features = GradientFeatures()
    measure_fixed_statistics_(features, small_factory)
    for part in features.std.flatten().split(features.GROUPS):
        assert part.unique().numel() == 1
