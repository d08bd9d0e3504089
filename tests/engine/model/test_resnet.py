from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ConfigError
from fcot_engine.model import BackboneTaps, ResNetBackbone


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

    @pytest.mark.parametrize("depth", [18, 34, 50])
    def test_taps_have_strides_4_8_16(self, depth):
        backbone = ResNetBackbone(depth).eval()
        with torch.no_grad():
            taps = backbone(torch.randn(2, 3, 64, 96))
        assert isinstance(taps, BackboneTaps)
        for tap, channels, stride in zip(
            taps, backbone.channels, (4, 8, 16), strict=True
        ):
            assert tap.shape == (2, channels, 64 // stride, 96 // stride)
            assert tap.isfinite().all()

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

    def test_a_whole_stride_in_the_image_is_a_cell_in_the_features(self):
        backbone = ResNetBackbone(18).eval()
        image = torch.zeros(1, 3, 256, 256)
        image[..., 112:128, 112:128] = torch.randn(3, 16, 16)
        moved = image.roll((16, 32), dims=(2, 3))
        with torch.no_grad():
            before, after = backbone(image).layer3, backbone(moved).layer3
        # Borders differ from a blank image; compare where only the patch is seen.
        shifted = before.roll((1, 2), dims=(2, 3))
        torch.testing.assert_close(after[..., 8, 9], shifted[..., 8, 9])

    def test_gradients_reach_the_first_layer(self):
        backbone = ResNetBackbone(18)
        backbone(torch.randn(2, 3, 32, 32)).layer3.mean().backward()
        grad = backbone.conv1.weight.grad
        assert grad is not None
        assert grad.abs().sum() > 0

    def test_unknown_depth_is_refused(self):
        with pytest.raises(ConfigError, match=r"one of \[18, 34, 50\], got 20"):
            ResNetBackbone(20)
