from __future__ import annotations

import pytest
import torch

from fcot_engine.config import EfficientNetBackboneConfig
from fcot_engine.errors import ConfigError
from fcot_engine.model import EfficientNetFeatures, GradientFeatures


def make_features(**changes):
    config = EfficientNetBackboneConfig(**({"decoder_width": 6} | changes))
    return EfficientNetFeatures(config).eval()


class TestEfficientNetFeatures:
    @pytest.mark.parametrize("side", [32, 80])
    def test_shapes(self, side):
        with torch.no_grad():
            maps = make_features()(torch.rand(2, 3, side, side))
        assert maps.coarse.shape == (2, 112, side // 16, side // 16)
        assert maps.fine.shape == (2, 6, side // 4, side // 4)
        assert maps.fixed.shape == (2, GradientFeatures.CHANNELS, side // 4, side // 4)

    def test_without_gradient_features_the_pixels_stand_alone(self):
        features = make_features(use_gradient_features=False)
        assert features(torch.rand(1, 3, 32, 32)).fixed is None

    def test_fixed_features_stay_beside_the_trunk(self):
        features, images = make_features(), torch.rand(1, 3, 32, 32)
        with torch.no_grad():
            before = features(images)
            features.fixed.mean += 1
            after = features(images)
        assert torch.equal(before.coarse, after.coarse)
        assert torch.equal(before.fine, after.fine)
        assert not torch.equal(before.fixed, after.fixed)

    def test_the_window_sees_the_fixed_features_alone_by_default(self):
        maps = make_features()(torch.rand(1, 3, 32, 32))
        assert maps.detail is maps.fixed

    def test_the_window_also_sees_maps_of_the_trunk(self):
        features, images = (
            make_features(detail_strides=(4, 8)),
            torch.rand(1, 3, 64, 64),
        )
        with torch.no_grad():
            maps, taps = features(images), features.trunk(images)
        fixed = GradientFeatures.CHANNELS
        assert features.detail_width == maps.detail.shape[1] == fixed + 24 + 40
        assert torch.equal(maps.detail[:, :fixed], maps.fixed)
        torch.testing.assert_close(maps.detail[:, fixed : fixed + 24], taps.layer1 / 9)
        # doubled maps keep their mean, but for the border
        doubled = maps.detail[:, fixed + 24 :, 2:-2, 2:-2].mean((2, 3))
        inside = taps.layer2[..., 1:-1, 1:-1].mean((2, 3)) / 8
        torch.testing.assert_close(doubled, inside, atol=0.2, rtol=0.2)

    def test_the_window_can_do_without_fixed_features(self):
        features = make_features(use_gradient_features=False, detail_strides=(4,))
        assert features(torch.rand(1, 3, 32, 32)).detail.shape == (1, 24, 8, 8)

    def test_every_parameter_learns(self):
        features = make_features().train()
        maps = features(torch.rand(2, 3, 64, 64))
        (maps.coarse.square().sum() + maps.fine.square().sum()).backward()
        without = [n for n, p in features.named_parameters() if p.grad is None]
        assert without == []


class TestSizes:
    @pytest.mark.parametrize("strides", [(16,), (4, 4)])
    def test_other_strides_are_refused(self, strides):
        with pytest.raises(ConfigError, match="detail_strides must be some of 4 and 8"):
            EfficientNetBackboneConfig(detail_strides=strides)

    def test_a_width_of_nothing_is_refused(self):
        with pytest.raises(ConfigError, match="decoder_width must be above 0, got 0"):
            EfficientNetBackboneConfig(decoder_width=0)
