from __future__ import annotations

import pytest
import torch

pytestmark = pytest.mark.shared


class TestRecipe:
    def test_spot_values(self, recipe_weights):
        stem = recipe_weights("feature_extractor.conv1.")["weight"]
        expected = torch.tensor([0.2128018, -0.003667222, -0.06257106])
        torch.testing.assert_close(stem.flatten()[:3], expected, atol=1e-7, rtol=1e-6)
        assert float(stem.norm()) == pytest.approx(11.16861, rel=1e-6)
        merge = recipe_weights("regressor_72.reg_initializer_merge.")["weight"]
        assert float(merge.flatten()[0]) == pytest.approx(-6.712362e-05, rel=1e-6)

    @pytest.mark.slow
    def test_every_tensor_has_the_recorded_sums(
        self, parity, recipe_weights, released_shapes
    ):
        weights = recipe_weights("")
        recorded = parity["weights/check"].double()
        assert len(weights) == len(recorded)
        worst = {}
        for key, expected in zip(sorted(released_shapes), recorded, strict=True):
            flat = weights[key].double().flatten()
            got = torch.stack([flat.mean(), flat.norm(), flat[0], flat[-1]])
            scale = flat.square().mean().sqrt().clamp(min=1e-12)
            error = (got - expected).abs() / torch.stack(
                [scale, flat.norm().clamp(min=1e-12), scale, scale]
            )
            if float(error.max()) > 1e-6:
                worst[key] = error.tolist()
        assert worst == {}
