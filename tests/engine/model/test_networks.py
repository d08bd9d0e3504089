from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    PaperNetworkConfig,
    RegressorConfig,
)
from fcot_engine.errors import ConfigError
from fcot_engine.model import (
    CellSpan,
    Features,
    GradientFeatures,
    LiteNet,
    PaperNet,
    build_network,
    fold_norms_,
    load_network,
    save_network,
)

FIXED = GradientFeatures.CHANNELS
SMALL = PaperNetworkConfig(
    depth=18,
    decoder_width=8,
    head_width=8,
    groups=2,
    coarse=replace(PaperNetworkConfig().coarse, channels=6),
    fine=replace(PaperNetworkConfig().fine, channels=4),
    regression_channels=4,
)


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


class TestRegressSpan:
    @pytest.mark.parametrize(
        ("column", "row"),
        [(8, 7), (0, 0), (15, 15), (1, 14)],
        ids=["middle", "first", "last", "at_two_borders"],
    )
    def test_cells_of_the_span_are_those_of_the_whole_map(self, network, column, row):
        with torch.no_grad():
            encoding = network.encode(torch.rand(2, 3, 64, 64))
            whole = network.regress(encoding).regression
            span = CellSpan.around(column, row, reach=2)
            part = network.regress(encoding, span).regression
        rows = slice(max(span.top, 0), span.bottom)
        columns = slice(max(span.left, 0), span.right)
        assert whole[..., rows, columns].abs().max() > 0
        torch.testing.assert_close(part[..., rows, columns], whole[..., rows, columns])
        assert not part.equal(whole)  # the rest was not made


def test_folded_norms_change_no_answer():
    torch.manual_seed(0)
    network, images = LiteNet(small_config()), torch.rand(4, 3, 64, 64)
    for _ in range(3):
        network.extract(images)  # norms that do something
    before = network.eval().extract(images)
    n_norms = sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    after = fold_norms_(network).extract(images)
    left = sum(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    assert n_norms > 0 and left == 0
    for a, b in zip(before, after, strict=True):
        if a is not None:
            torch.testing.assert_close(b, a, atol=1e-5, rtol=1e-4)


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


class TestStageParameters:
    def test_stage_two_moves_the_rectifier_alone(self, network):
        (only,) = network.stage_parameters("two")
        assert only is network.regression.eta

    def test_both_stages_together_move_everything_once(self, network):
        one = [id(p) for p in network.stage_parameters("one")]
        two = [id(p) for p in network.stage_parameters("two")]
        assert sorted(one + two) == sorted(id(p) for p in network.parameters())


@pytest.fixture(scope="module")
def full():
    torch.manual_seed(0)
    return PaperNet().eval().requires_grad_(False)


@pytest.fixture
def small():
    torch.manual_seed(0)
    return PaperNet(SMALL).eval().requires_grad_(False)


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


class TestPaperNetInFull:
    """Against the table of layers of the released network."""

    def test_parameters(self, full):
        classifier_18, classifier_72, regressor = 7_078_702, 1_390_948, 7_201_242
        assert count(full.coarse_head) + count(full.coarse) == classifier_18
        assert count(full.fine_head) + count(full.fine) == classifier_72
        # without the released optimiser's step length, which the paper does not have
        assert count(full.regression) == regressor - 1
        assert count(full.decoder) == 1_049_600
        assert count(full) == 25_263_787

    def test_feature_maps(self, full):
        features = full.extract(torch.rand(1, 3, 288, 288))
        shapes = {
            n: tuple(m.shape[1:]) for n, m in features._asdict().items() if n != "fixed"
        }
        assert shapes == {
            "coarse": (512, 18, 18),
            "fine": (256, 72, 72),
            "regression": (256, 72, 72),
            "decoder": (256, 72, 72),
            "decoder_coarse": (256, 36, 36),
        }
        assert features.fixed is None

    def test_filters_and_their_maps(self, full):
        features = full.extract(torch.rand(1, 3, 288, 288))
        box = torch.tensor([[112.0, 112.0, 64.0, 64.0]])
        for model, maps, channels, cells in (
            (full.coarse, features.coarse, 512, 19),
            (full.fine, features.fine, 256, 73),
        ):
            target_filter = model.start_filter(maps, box)
            assert target_filter.shape == (channels, 4, 4)
            assert model.score(maps, target_filter).shape == (1, cells, cells)
        regression = full.regression.generate(features.for_regressor, box)
        assert regression.shape == (4, 256 * 3 * 3)
        maps = full.regression.offset_maps(features.regression[None], regression[None])
        assert maps.shape == (1, 1, 4, 72, 72)
        assert float(maps.min()) >= 0  # ends with a ReLU


class TestSmallPaperNet:
    def test_offset_maps_are_a_convolution_in_cells(self, small):
        features = small.extract(torch.rand(1, 3, 64, 64))
        model = torch.randn(4, small.regression.input_size)
        maps = small.regression.offset_maps(features.regression[None], model[None])
        filters = model.view(4, 4, 3, 3)
        expected = torch.nn.functional.conv2d(features.regression, filters, padding=1)
        torch.testing.assert_close(maps[0], 4 * expected.relu(), atol=1e-4, rtol=1e-4)

    def test_written_and_read_again(self, small, tmp_path):
        save_network(small, tmp_path / "small.safetensors")
        again = load_network(tmp_path / "small.safetensors")
        assert isinstance(again, PaperNet)
        assert again.config == SMALL
        images = torch.rand(1, 3, 64, 64)
        torch.testing.assert_close(
            again.extract(images).fine, small.extract(images).fine, atol=2e-2, rtol=2e-2
        )

    def test_plain_convolutions_in_place_of_deformable_ones(self):
        plain = build_network(replace(SMALL, deformable=False))
        assert not any("offset" in name for name in plain.state_dict())
        assert plain.extract(torch.rand(1, 3, 64, 64)).fine.shape == (1, 4, 16, 16)


class TestPaperNetworkConfig:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"depth": 20}, "depth must be 18, 34 or 50, got 20"),
            ({"regression_side": 4}, "regression_side must be odd and above 0, got 4"),
            (
                {"fine": replace(SMALL.fine, filter_side=3)},
                "both an odd or both an even side, got 4 and 3",
            ),
        ],
        ids=["depth", "even_regression_filter", "mixed_grids"],
    )
    def test_impossible_sizes_are_refused(self, changes, message):
        with pytest.raises(ConfigError, match=message):
            replace(SMALL, **changes)
