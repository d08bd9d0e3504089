from __future__ import annotations

import torch

from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.training.fixed_statistics import measure_fixed_statistics_


def test_channels_are_normalised_on_other_samples(small_factory):
    features = GradientFeatures()
    measure_fixed_statistics_(features, small_factory)
    images = torch.cat([small_factory.make_batch(i, 16).train_images for i in range(6)])
    maps = features(images.flatten(0, 1))
    varied = features.std.flatten() > 0.02  # a tiny pool lacks some colours
    assert varied.sum() > 25
    assert maps.mean((0, 2, 3))[varied].abs().max() < 0.5
    assert (maps.std((0, 2, 3))[varied] - 1).abs().max() < 0.6
