from __future__ import annotations

import pytest
import torch

from fcot_engine.config import AblationConfig
from fcot_engine.online import reduce_resolution
from fcot_engine.online.feature_resolution import average_cells


@pytest.fixture
def features(network):
    return network.extract(torch.rand(2, 3, 64, 64))


def different_maps(features, other):
    return {
        name
        for name, a, b in zip(features._fields, features, other, strict=True)
        if a is not None and not torch.equal(a, b)
    }


class TestReduceResolution:
    def test_default_changes_nothing(self, features):
        assert reduce_resolution(features, AblationConfig()) is features

    def test_fine_stride_touches_the_fine_classifier_alone(self, features):
        reduced = reduce_resolution(features, AblationConfig(fine_stride=8))
        assert different_maps(features, reduced) == {"fine"}

    @pytest.mark.parametrize("stride", [8, 16])
    def test_regression_stride_touches_all_that_regression_reads(
        self, features, stride
    ):
        reduced = reduce_resolution(features, AblationConfig(regression_stride=stride))
        assert different_maps(features, reduced) == {"regression", "decoder", "fixed"}

    def test_sizes_stay(self, features):
        config = AblationConfig(fine_stride=8, regression_stride=16)
        reduced = reduce_resolution(features, config)
        for before, after in zip(features, reduced, strict=True):
            assert before is None or before.shape == after.shape

    def test_network_without_fixed_features(self, features):
        bare = features._replace(fixed=None)
        reduced = reduce_resolution(bare, AblationConfig(regression_stride=8))
        assert reduced.fixed is None

    def test_coarser_decoder_map_is_touched_at_stride_16_alone(self, features):
        both = features._replace(decoder_coarse=torch.rand(2, 4, 8, 8))
        at_8, at_16 = (
            reduce_resolution(both, AblationConfig(regression_stride=stride))
            for stride in (8, 16)
        )
        assert "decoder_coarse" not in different_maps(both, at_8)
        assert "decoder_coarse" in different_maps(both, at_16)

    def test_part_of_one_branch_by_itself(self, features):
        config = AblationConfig(fine_stride=8, regression_stride=8)
        whole = reduce_resolution(features, config)
        for part in ("for_classifier", "for_regressor"):
            reduced = reduce_resolution(getattr(features, part), config)
            assert not different_maps(reduced, getattr(whole, part))


class TestAverageCells:
    def test_block_gets_its_mean(self):
        maps = torch.arange(16.0).view(1, 1, 4, 4)
        averaged = average_cells(maps, 2)
        expected = [[2.5, 2.5, 4.5, 4.5]] * 2 + [[10.5, 10.5, 12.5, 12.5]] * 2
        assert averaged[0, 0].tolist() == expected

    def test_smaller_blocks_at_the_border_are_means_too(self):
        averaged = average_cells(torch.tensor([[[[1.0, 3.0, 7.0]]]]), 2)
        assert averaged.flatten().tolist() == [2.0, 2.0, 7.0]
