from __future__ import annotations

import pytest
import torch

from fcot_engine.config import BackboneConfig, EfficientNetBackboneConfig
from fcot_engine.errors import ConfigError
from fcot_engine.model import (
    EfficientNetFeatures,
    GradientFeatures,
    ResNetBackbone,
    UpsamplingDecoder,
)
from fcot_engine.model.backbones import (
    TAP_CHANNELS,
    BackboneTaps,
    EfficientNetLite,
    LiteBackbone,
)

SMALL = {"widths": (4, 6, 8), "blocks": (1, 1, 1), "decoder_width": 5}


class TestResNetBackbone:
    @pytest.mark.parametrize(
        ("depth", "channels", "parameters"),
        [
            (18, (64, 128, 256), 2_782_784),
            (34, (64, 128, 256), 8_170_304),
            (50, (256, 512, 1024), 8_543_296),
        ],
    )
    def test_size_is_the_known_one(self, depth, channels, parameters):
        backbone = ResNetBackbone(depth)
        assert backbone.channels == channels
        assert sum(p.numel() for p in backbone.parameters()) == parameters

    def test_entries_have_the_usual_names(self):
        keys = set(ResNetBackbone(50).state_dict())
        assert {
            "conv1.weight",
            "bn1.running_mean",
            "layer1.0.downsample.0.weight",
            "layer1.0.downsample.1.running_var",
            "layer2.3.conv3.weight",
            "layer3.5.bn3.num_batches_tracked",
        } <= keys
        assert not any(key.startswith(("layer4", "fc")) for key in keys)


_SIDE = 512  # more than the 340 pixels that a cell at stride 16 depends on


@pytest.fixture(scope="module")
def trunk():
    torch.manual_seed(0)
    return EfficientNetLite().eval()


def find_reach(trunk, level, cell):
    """First and last pixel, along x, that one cell of a map depends on."""
    images = torch.rand(1, 3, _SIDE, _SIDE, dtype=torch.double, requires_grad=True)
    trunk.double()(images)[level][0, :, cell, cell].sum().backward()
    trunk.float()
    seen = images.grad[0].abs().amax((0, 1)).nonzero().flatten()
    return int(seen[0]), int(seen[-1])


class TestEfficientNetLite:
    @pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 112)])
    def test_shapes(self, trunk, height, width):
        with torch.no_grad():
            taps = trunk(torch.rand(2, 3, height, width))
        for tap, channels, stride in zip(taps, TAP_CHANNELS, (4, 8, 16), strict=True):
            assert tap.shape == (2, channels, height // stride, width // stride)

    def test_number_of_parameters_without_norms(self, trunk):
        # 1.3 M of the 4.6 M of the whole network are its classifier
        assert sum(p.numel() for p in trunk.parameters()) == 692_688

    @pytest.mark.parametrize(
        ("level", "stride", "off"),
        [
            pytest.param(0, 4, 0.5, id="stride_4"),
            pytest.param(1, 8, 1.5, id="stride_8"),
            pytest.param(2, 16, 2.5, id="stride_16"),
        ],
    )
    def test_cells_look_at_places_near_their_centres(self, trunk, level, stride, off):
        cell = _SIDE // 2 // stride
        first, last = find_reach(trunk, level, cell)
        middle = (first + last + 1) / 2
        assert abs(middle - (cell + 0.5) * stride) == off

    def test_training_changes_nothing_that_it_answers(self, trunk):
        images = torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            before = trunk(images).layer3
            trunk.train()(torch.rand(2, 3, 64, 64))
            after = trunk.eval()(images).layer3
        assert torch.equal(before, after)


def _taps(*channels):
    return BackboneTaps(
        *(
            torch.randn(2, c, 24 // s, 32 // s)
            for c, s in zip(channels, (1, 2, 4), strict=True)
        )
    )


class TestUpsamplingDecoder:
    def test_size_in_the_paper_setting(self):
        parameters = UpsamplingDecoder((256, 512, 1024), channels=256).parameters()
        assert sum(p.numel() for p in parameters) == 262_400 + 131_328 + 655_872

    def test_a_ramp_stays_where_it_is_through_both_doublings(self):
        """Bilinear doubling about cell middles keeps image coordinates."""
        decoder = UpsamplingDecoder((1, 1, 1), channels=1)
        with torch.no_grad():
            for parameter in decoder.parameters():
                parameter.zero_()
            decoder.lateral_coarse.weight.fill_(1)
            decoder.smooth_fine.weight[..., 1, 1] = 1
        x_px = (torch.arange(8.0) + 0.5) * 16
        taps = BackboneTaps(
            torch.zeros(1, 1, 24, 32),
            torch.zeros(1, 1, 12, 16),
            x_px.expand(1, 1, 6, 8).clone(),
        )
        fine = decoder(taps).fine[0, 0].detach()
        expected = ((torch.arange(32.0) + 0.5) * 4).expand(24, 32)
        torch.testing.assert_close(fine[:, 3:-3], expected[:, 3:-3])


@pytest.fixture
def lite():
    return LiteBackbone(BackboneConfig(**SMALL)).eval()


class TestLiteBackbone:
    @pytest.mark.parametrize("side", [32, 80])
    def test_shapes(self, lite, side):
        maps = lite(torch.rand(2, 3, side, side))
        assert maps.coarse.shape == (2, 8, side // 16, side // 16)
        assert maps.fine.shape == (2, 5, side // 4, side // 4)
        assert maps.fixed.shape == (2, GradientFeatures.CHANNELS, side // 4, side // 4)

    def test_without_gradient_features(self):
        config = BackboneConfig(use_gradient_features=False, **SMALL)
        maps = LiteBackbone(config).eval()(torch.rand(1, 3, 32, 32))
        assert maps.fixed is None
        assert maps.fine.shape == (1, 5, 8, 8)

    def test_content_moved_by_a_coarse_cell_moves_the_maps_by_whole_cells(self, lite):
        """No layer looks to one side; borders reach 40 px into this small network."""
        image = torch.rand(1, 3, 192, 192)
        before, after = lite(image), lite(image.roll((16, 32), (2, 3)))
        inner = slice(24, 32)
        torch.testing.assert_close(
            after.fine.roll((-4, -8), (2, 3))[..., inner, inner],
            before.fine[..., inner, inner],
            atol=1e-4,
            rtol=1e-3,
        )

    def test_every_parameter_learns(self):
        backbone = LiteBackbone(BackboneConfig(**SMALL)).train()
        maps = backbone(torch.rand(2, 3, 32, 32))
        (maps.coarse.square().sum() + maps.fine.square().sum()).backward()
        without = [n for n, p in backbone.named_parameters() if p.grad is None]
        assert without == []


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
