"""The importer and the paper's network against the released one.

The recipe weights go through a file packed like the authors' and the importer. Boxes
are passed as the released code passes them: pixel centres at whole numbers and the
corner at x + w. Tolerances are the largest difference over the RMS of the array.
"""

from __future__ import annotations

import pytest
import torch

from fcot_engine.model import load_network, save_network

pytestmark = [pytest.mark.shared, pytest.mark.slow]

SCALES = ("cls18", "cls72")
STEP = {"cls18": 1, "cls72": 3}
"""Spatial stride of the recorded label maps."""


@pytest.fixture(scope="module")
def scales(network, features):
    """Model and features of both classifiers."""
    return {
        "cls18": (network.coarse, features.coarse),
        "cls72": (network.fine, features.fine),
    }


@pytest.fixture(scope="module")
def iterates(parity, scales):
    """The first filter of each classifier and the five after it."""
    return {name: _optimise(parity, *scales[name], iterations=5) for name in SCALES}


def _optimise(parity, model, features, *, iterations, weights=(1 / 3, 1 / 3, 1 / 3)):
    boxes = parity["in/train_boxes_xywh"]
    train = features[:3]
    first = model.start_filter(train, boxes)
    filters, _ = model.optimise(
        first,
        train,
        model.label_maps(boxes, train.shape[-2:]),
        sample_weights=torch.tensor(weights),
        iterations=iterations,
    )
    return torch.stack([first, *filters])


def _losses(parity, model, features, filters, weights):
    """What the released optimiser reports: residuals of the data, no regulariser."""
    labels = model.label_maps(parity["in/train_boxes_xywh"], features.shape[-2:])
    scores = torch.stack([model.score(features[:3], f) for f in filters])
    lower, upper = (1 - labels.mask) / 2, (1 + labels.mask) / 2
    residual = lower * scores.abs() + upper * scores - labels.label
    root = torch.tensor(weights).sqrt()[:, None, None] * labels.weight
    return (root * residual).square().mean((1, 2, 3))


class TestProvenance:
    def test_tells_what_was_read(self, imported):
        told = imported.provenance
        assert told["kind"] == "FCOT"
        assert told["norm_scale_coef"].startswith("1.5")
        assert (told["epoch"], told["source_file"]) == ("70", "fcot.pth")


class TestWeightsFile:
    def test_half_precision_changes_features_by_less_than_a_percent(
        self, parity, imported, features, tmp_path
    ):
        path = tmp_path / "fcot.safetensors"
        save_network(imported.network, path, info=imported.provenance)
        image = parity["in/images_uint8"][3:].permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            stored = load_network(path).extract(image)
        assert 45e6 < path.stat().st_size < 55e6
        for name in ("coarse", "fine", "regression"):
            exact = getattr(features, name)[3:]
            assert (getattr(stored, name) - exact).norm() < 0.01 * exact.norm(), name


class TestFeatures:
    @pytest.mark.parametrize(
        ("name", "part", "channels", "cells"),
        [
            ("net/test_cls18_feat", "coarse", 16, 2),
            ("net/test_cls72_feat", "fine", 16, 6),
            ("net/test_reg_feat", "regression", 16, 6),
        ],
    )
    def test_heads(
        self, parity, features, assert_close_to_rms, name, part, channels, cells
    ):
        found = getattr(features, part)[3:, ::channels, ::cells, ::cells]
        assert_close_to_rms(found, parity[name], 2e-4)

    @pytest.mark.parametrize(
        ("name", "part", "cells"),
        [
            ("net/test_dec36", "decoder_coarse", 4),
            ("net/test_dec72", "decoder", 6),
        ],
    )
    def test_decoder(self, parity, features, assert_close_to_rms, name, part, cells):
        found = getattr(features, part)[3:, ::16, ::cells, ::cells]
        assert_close_to_rms(found, parity[name], 5e-5)

    @pytest.mark.parametrize(
        ("name", "part"),
        [
            ("train_cls18_feat", "coarse"),
            ("train_cls72_feat", "fine"),
            ("train_reg_feat", "regression"),
            ("test_dec36", "decoder_coarse"),
            ("test_dec72", "decoder"),
        ],
    )
    def test_statistics_of_whole_maps(self, parity, features, name, part):
        """Mean, deviation, L2 norm, minimum and maximum, not of a subsample."""
        maps = getattr(features, part).double()
        maps = maps[:3] if name.startswith("train") else maps[3:]
        low, high, norm = maps.min(), maps.max(), maps.norm()
        found = torch.stack([maps.mean(), maps.std(correction=0), norm, low, high])
        expected = parity[f"stat/net/{name}"].double()
        scale = torch.stack([high - low, high - low, norm, high - low, high - low])
        assert float(((found - expected) / scale).abs().max()) <= 1e-5


@pytest.mark.parametrize("scale", SCALES)
class TestClassifier:
    @pytest.mark.parametrize("index", range(6))
    def test_filter(self, parity, iterates, assert_close_to_rms, scale, index):
        expected = parity[f"{scale}/filter_iterates"][index]
        assert_close_to_rms(iterates[scale][index], expected, 1e-4)

    def test_losses(self, parity, scales, iterates, assert_close_to_rms, scale):
        losses = _losses(parity, *scales[scale], iterates[scale], (1 / 3,) * 3)
        assert_close_to_rms(losses, parity[f"{scale}/losses"], 1e-4)

    @pytest.mark.parametrize(("name", "index"), [("init", 0), ("final", 5)])
    def test_score_of_the_test_frame(
        self, parity, scales, iterates, assert_close_to_rms, scale, name, index
    ):
        model, features = scales[scale]
        scores = model.score(features[3:], iterates[scale][index])[0]
        assert_close_to_rms(scores, parity[f"{scale}/test_score_{name}"], 2e-4)

    def test_sample_weights(self, parity, scales, assert_close_to_rms, scale):
        weights = (0.6, 0.3, 0.1)
        filters = _optimise(parity, *scales[scale], iterations=2, weights=weights)
        expected = parity[f"{scale}/filter_weighted_2iter"]
        assert_close_to_rms(filters[-1], expected, 1e-4)
        losses = _losses(parity, *scales[scale], filters, weights)
        assert_close_to_rms(losses, parity[f"{scale}/losses_weighted"], 1e-4)

    @pytest.mark.parametrize(
        ("name", "part"),
        [
            ("label_map", "label"),
            ("target_mask", "mask"),
            ("spatial_weight", "weight"),
        ],
    )
    def test_label_maps(self, parity, scales, scale, name, part):
        model, features = scales[scale]
        boxes = parity["in/train_boxes_xywh"]
        maps = model.label_maps(boxes, features.shape[-2:])
        found = getattr(maps, part)[:, :: STEP[scale], :: STEP[scale]]
        expected = parity[f"{scale}/{name}"]
        torch.testing.assert_close(found, expected, atol=3e-4, rtol=0)


class TestRegression:
    def test_pooled_maps(self, parity, network, features, assert_close_to_rms):
        box = parity["in/train_boxes_xywh"][:1].clone()
        box[:, 2:] += box[:, :2]
        pooled = network.regression.generator.pool(
            features.decoder_coarse[:1], features.decoder[:1], box
        )
        assert_close_to_rms(pooled.coarse[0, ::8], parity["reg/pooled36"], 1e-4)
        assert_close_to_rms(pooled.fine[0, ::8], parity["reg/pooled72"], 1e-4)

    def test_first_filter(self, parity, models, assert_close_to_rms):
        expected = parity["reg/filter_init"]
        assert_close_to_rms(models[0].view(expected.shape), expected, 1e-4)

    def test_offset_maps(self, parity, network, features, models, assert_close_to_rms):
        """In cells; both are clipped at 0."""
        branch = network.regression
        maps = branch.offset_maps(features.regression[None, 3:], models[None, 0])
        cells = maps[0, 0] / branch.offset_unit_px
        assert_close_to_rms(cells, parity["reg/test_offsets_init"], 1e-4)
