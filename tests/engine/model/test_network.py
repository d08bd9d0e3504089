from __future__ import annotations

import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.model import Features, GradientFeatures, LiteNet

FIXED = GradientFeatures.CHANNELS


def small_config(*, fixed=True):
    return NetworkConfig(
        backbone=BackboneConfig(
            use_gradient_features=fixed,
            widths=(4, 6, 8),
            blocks=(1, 1, 1),
            decoder_width=5,
        ),
        coarse=ClassifierConfig(
            channels=3, filter_side=3, label_sigma=1.0, mask_slope=0.5
        ),
        fine=ClassifierConfig(
            channels=2, filter_side=3, label_sigma=1.0, mask_slope=0.5
        ),
        regressor=RegressorConfig(channels=4, detail_side=3 if fixed else 0),
    )


@pytest.fixture
def network():
    return LiteNet(small_config()).eval()


class TestExtract:
    def test_shapes(self, network):
        maps = network.extract(torch.rand(2, 3, 64, 64))
        assert maps.coarse.shape == (2, 3 + 4 * FIXED, 4, 4)
        assert maps.fine.shape == (2, 2 + FIXED, 16, 16)
        assert maps.regression.shape == (2, 4, 16, 16)
        assert maps.decoder.shape == (2, 5, 16, 16)
        assert maps.fixed.shape == (2, FIXED, 16, 16)

    def test_without_fixed_features_the_learned_ones_stand_alone(self):
        network = LiteNet(small_config(fixed=False)).eval()
        maps = network.extract(torch.rand(2, 3, 64, 64))
        assert maps.coarse.shape[1] == 3
        assert maps.fine.shape[1] == 2
        assert maps.fixed is None

    def test_coarse_map_holds_the_fixed_features_of_its_own_place(self, network):
        maps = network.extract(torch.rand(1, 3, 64, 64))
        coarse = maps.coarse[:, 3:].view(1, FIXED, 2, 2, 4, 4)
        for row, column in ((0, 0), (2, 1), (3, 3)):
            block = maps.fixed[..., 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            halves = block.unflatten(-2, (2, 2)).unflatten(-1, (2, 2)).mean((-3, -1))
            torch.testing.assert_close(coarse[..., row, column], halves)

    def test_learned_channels_have_the_power_of_their_gain(self, network):
        maps = network.extract(torch.rand(2, 3, 64, 64))
        for learned, head in (
            (maps.coarse[:, :3], network.coarse_head),
            (maps.fine[:, :2], network.fine_head),
        ):
            power = learned.square().mean((1, 2, 3)).sqrt()
            expected = head.gain.abs().expand(2)
            torch.testing.assert_close(power, expected, atol=1e-3, rtol=1e-2)

    def test_same_answer_each_time(self, network):
        images = torch.rand(1, 3, 48, 48)
        first, second = network.extract(images), network.extract(images)
        pairs = zip(first, second, strict=True)
        assert all(a is b is None or torch.equal(a, b) for a, b in pairs)


class TestFeatures:
    def test_batches_are_joined_in_order(self, network):
        images = torch.rand(3, 3, 32, 32)
        parts = [network.extract(images[:2]), network.extract(images[2:])]
        joined = Features.join(parts)
        assert joined.decoder_coarse is None
        for name in set(Features._fields) - {"decoder_coarse"}:
            expected = torch.cat([getattr(part, name) for part in parts])
            assert torch.equal(getattr(joined, name), expected)

    def test_split_gives_one_batch_a_patch(self, network):
        features = network.extract(torch.rand(3, 3, 32, 32))
        joined = Features.join(features.split())
        assert len(features.split()) == 3
        for whole, again in zip(features, joined, strict=True):
            assert whole is again is None or torch.equal(whole, again)

    def test_parts_of_both_branches_make_up_the_whole(self, network):
        features = network.extract(torch.rand(1, 3, 32, 32))
        parts = features.for_classifier, features.for_regressor
        assert all(a is b for a, b in zip(Features.of(*parts), features, strict=True))

    def test_joined_without_fixed_features(self):
        network = LiteNet(small_config(fixed=False)).eval()
        part = network.extract(torch.rand(1, 3, 32, 32))
        assert Features.join([part, part]).fixed is None


class TestStageParameters:
    def test_stage_two_moves_the_rectifier_alone(self, network):
        (only,) = network.stage_parameters("two")
        assert only is network.regression.eta

    def test_both_stages_together_move_everything_once(self, network):
        one = [id(p) for p in network.stage_parameters("one")]
        two = [id(p) for p in network.stage_parameters("two")]
        assert sorted(one + two) == sorted(id(p) for p in network.parameters())
