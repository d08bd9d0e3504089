"""The paper's network against the released one, with the recipe weights.

Tolerances are the largest difference over the RMS of the array.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fcot_engine.model import (
    CoarseClassifierHead,
    FilterGeneratorHead,
    FineClassifierHead,
    RegressionHead,
    ResNetBackbone,
    UpsamplingDecoder,
)

pytestmark = [pytest.mark.shared, pytest.mark.slow]

RGB_MEAN = (0.485, 0.456, 0.406)
RGB_STD = (0.229, 0.224, 0.225)

DECODER_NAMES = {
    "pyramid_first_conv.res_conv": "lateral_coarse",
    "pyramid_36.res_conv": "lateral_middle",
    "pyramid_72.res_conv": "lateral_fine",
    "pyramid_72.pyramid_conv": "smooth_fine",
}


def _load(module: nn.Module, weights, prefixes: dict[str, str]) -> nn.Module:
    """Fill a module from released names; every entry must be filled."""
    state = {
        f"{ours}.{key}": value
        for released, ours in prefixes.items()
        for key, value in weights(f"{released}.").items()
    }
    module.load_state_dict(state, strict=True)
    return module.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def maps(parity, recipe_weights):
    """Taps and decoder maps of the test frame and of train frame 0."""
    backbone = ResNetBackbone(50)
    unused = ("layer4", "fc")
    backbone.load_state_dict(
        {
            key: value
            for key, value in recipe_weights("feature_extractor.").items()
            if not key.startswith(unused)
        }
    )
    decoder = _load(UpsamplingDecoder(), recipe_weights, DECODER_NAMES)
    images = parity["in/images_uint8"][[3, 0]].permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (RGB_MEAN, RGB_STD))
    with torch.no_grad():
        taps = backbone.eval()((images - mean) / std)
        return taps, decoder(taps)


def _sample(x, channel_step, cell_step):
    """The part of a map that was recorded; the first image is the test frame."""
    return x[:1, ::channel_step, ::cell_step, ::cell_step]


class TestBackbone:
    @pytest.mark.parametrize(("layer", "step"), [(1, 6), (2, 4), (3, 3)])
    def test_tap(self, parity, maps, assert_close_to_rms, layer, step):
        tap = _sample(maps[0][layer - 1], 32, step)
        assert_close_to_rms(tap, parity[f"net/test_layer{layer}"], 5e-5)


class TestDecoder:
    @pytest.mark.parametrize(
        ("name", "index", "step"), [("dec18", 0, 2), ("dec36", 1, 4), ("dec72", 2, 6)]
    )
    def test_map(self, parity, maps, assert_close_to_rms, name, index, step):
        decoded = _sample(maps[1][index], 16, step)
        assert_close_to_rms(decoded, parity[f"net/test_{name}"], 5e-5)


class TestHeads:
    def test_coarse_classifier(self, parity, maps, recipe_weights, assert_close_to_rms):
        head = CoarseClassifierHead()
        _load(head, recipe_weights, {"classifier_18.feature_extractor.0": "conv"})
        features = _sample(head(maps[0].layer3[:1]), 16, 2)
        assert_close_to_rms(features, parity["net/test_cls18_feat"], 2e-4)

    def test_fine_classifier(self, parity, maps, recipe_weights, assert_close_to_rms):
        head = FineClassifierHead(norm_gain=1.5)
        _load(head, recipe_weights, {"classifier_72.feature_extractor": "tower"})
        features = _sample(head(maps[1].fine[:1]), 16, 6)
        assert_close_to_rms(features, parity["net/test_cls72_feat"], 2e-4)

    def test_regression(self, parity, maps, recipe_weights, assert_close_to_rms):
        released = {
            "regressor_72.reg_head_36": "coarse",
            "regressor_72.reg_head_72": "fine",
            "regressor_72.reg_head_merge": "merge",
        }
        head = _load(RegressionHead(), recipe_weights, released)
        features = head(maps[1].middle[:1], maps[1].fine[:1])
        recorded = parity["net/test_reg_feat"]
        assert_close_to_rms(_sample(features, 16, 6), recorded, 2e-4)

    def test_filter_generator(self, parity, maps, recipe_weights, assert_close_to_rms):
        released = {
            "regressor_72.reg_initializer_36": "coarse",
            "regressor_72.reg_initializer_72": "fine",
            "regressor_72.reg_initializer_merge": "merge",
        }
        head = _load(FilterGeneratorHead(pool_offset=0.0), recipe_weights, released)
        box = parity["in/train_boxes_xywh"][:1].clone()
        box[:, 2:] += box[:, :2]
        inputs = (maps[1].middle[1:], maps[1].fine[1:], box)
        pooled = head.pool(*inputs)
        assert_close_to_rms(pooled.coarse[0, ::8], parity["reg/pooled36"], 1e-4)
        assert_close_to_rms(pooled.fine[0, ::8], parity["reg/pooled72"], 1e-4)
        assert_close_to_rms(head(*inputs)[0], parity["reg/filter_init"], 1e-4)
