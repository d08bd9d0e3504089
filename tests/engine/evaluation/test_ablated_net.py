from __future__ import annotations

import pytest
import torch

from fcot_engine.evaluation import AblatedNet, Ablation
from fcot_engine.model import load_network
from fcot_engine.tracker import default_weights

PATCH = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network():
    return load_network(default_weights("lite"))


@pytest.fixture(scope="module")
def extract(network):
    @torch.inference_mode()
    def extract(**strides):
        return AblatedNet(network, Ablation(**strides)).extract(PATCH)

    return extract


def different_maps(features, other):
    return {
        name
        for name, a, b in zip(features._fields, features, other, strict=True)
        if a is not None and not torch.equal(a, b)
    }


class TestAblatedNet:
    def test_default_changes_nothing(self, network, extract):
        with torch.inference_mode():
            assert not different_maps(network.extract(PATCH), extract())

    def test_fine_stride_touches_the_fine_classifier_alone(self, extract):
        assert different_maps(extract(), extract(fine_stride=8)) == {"fine"}

    @pytest.mark.parametrize("stride", [8, 16])
    def test_regression_stride_touches_all_that_regression_reads(self, extract, stride):
        touched = different_maps(extract(), extract(regression_stride=stride))
        assert touched == {"regression", "decoder", "fixed"}

    def test_cells_of_a_block_have_their_mean(self, extract):
        before, after = extract().fine, extract(fine_stride=8).fine
        assert before.shape == after.shape
        expected = before[0, :, :2, :2].mean((-2, -1))
        torch.testing.assert_close(after[0, :, 0, 0], expected)
        assert torch.equal(after[..., ::2, ::2], after[..., 1::2, 1::2])
