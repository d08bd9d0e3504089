from __future__ import annotations

import pytest
import torch

from fcot_engine.config import BackboneConfig
from fcot_engine.model import GradientFeatures
from fcot_engine.model.lite_backbone import LiteBackbone

SMALL = {"widths": (4, 6, 8), "blocks": (1, 1, 1), "decoder_width": 5}


@pytest.fixture
def backbone():
    return LiteBackbone(BackboneConfig(**SMALL)).eval()


class TestLiteBackbone:
    @pytest.mark.parametrize("side", [32, 80])
    def test_shapes(self, backbone, side):
        maps = backbone(torch.rand(2, 3, side, side))
        assert maps.coarse.shape == (2, 8, side // 16, side // 16)
        assert maps.fine.shape == (2, 5, side // 4, side // 4)
        assert maps.fixed.shape == (2, GradientFeatures.CHANNELS, side // 4, side // 4)

    def test_without_gradient_features(self):
        config = BackboneConfig(use_gradient_features=False, **SMALL)
        maps = LiteBackbone(config).eval()(torch.rand(1, 3, 32, 32))
        assert maps.fixed is None
        assert maps.fine.shape == (1, 5, 8, 8)

    def test_each_image_alone_gives_the_same(self, backbone):
        images = torch.rand(3, 3, 48, 48)
        together = backbone(images)
        for all_of_them, one in zip(together, backbone(images[1:2]), strict=True):
            torch.testing.assert_close(all_of_them[1:2], one, atol=1e-4, rtol=1e-4)

    def test_content_moved_by_a_coarse_cell_moves_the_maps_by_whole_cells(
        self, backbone
    ):
        """No layer looks to one side; borders reach 40 px into this small network."""
        image = torch.rand(1, 3, 192, 192)
        before, after = backbone(image), backbone(image.roll((16, 32), (2, 3)))
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
