from __future__ import annotations

import pytest
import torch

from fcot_engine.config.network import ResNetBackboneConfig
from fcot_engine.errors import ConfigError
from fcot_engine.model.gradient_features import GradientFeatures
from fcot_engine.model.resnet_features import ResNetFeatures


def make_features(**changes):
    config = ResNetBackboneConfig(**({"decoder_width": 6} | changes))
    return ResNetFeatures(config).eval()


class TestResNetFeatures:
    @pytest.mark.parametrize("side", [32, 80])
    def test_shapes(self, side):
        with torch.no_grad():
            maps = make_features()(torch.rand(2, 3, side, side))
        assert maps.coarse.shape == (2, 256, side // 16, side // 16)
        assert maps.fine.shape == (2, 6, side // 4, side // 4)
        assert maps.fixed.shape == (2, GradientFeatures.CHANNELS, side // 4, side // 4)

    def test_without_gradient_features_the_pixels_stand_alone(self):
        features = make_features(use_gradient_features=False)
        assert features(torch.rand(1, 3, 32, 32)).fixed is None

    def test_fixed_features_reach_the_learned_maps(self):
        features, images = make_features(), torch.rand(1, 3, 32, 32)
        with torch.no_grad():
            before = features(images)
            features.fixed.mean += 1  # pixels as before, fixed features moved
            after = features(images)
        assert not torch.allclose(before.coarse, after.coarse, atol=1e-4)
        assert not torch.allclose(before.fine, after.fine, atol=1e-4)

    def test_each_image_alone_gives_the_same(self):
        features, images = make_features(), torch.rand(2, 3, 48, 48)
        with torch.no_grad():
            together, alone = features(images), features(images[1:])
        for all_of_them, one in zip(together, alone, strict=True):
            torch.testing.assert_close(all_of_them[1:], one, atol=1e-3, rtol=1e-3)

    def test_every_parameter_learns(self):
        features = make_features().train()
        maps = features(torch.rand(2, 3, 64, 64))
        (maps.coarse.square().sum() + maps.fine.square().sum()).backward()
        without = [n for n, p in features.named_parameters() if p.grad is None]
        assert without == []


class TestSizes:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            pytest.param({"depth": 50}, "must be 18 or 34, got 50", id="depth"),
            pytest.param(
                {"decoder_width": 0}, "decoder_width must be above 0", id="width"
            ),
        ],
    )
    def test_wrong_ones_are_named(self, changes, message):
        with pytest.raises(ConfigError, match=message):
            ResNetBackboneConfig(**changes)
