from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.config import RegressorConfig
from fcot_engine.model import BoxFeatures, rectify
from fcot_engine.model.rectifier import measure_loss
from fcot_engine.model.regression import LiteRegression, gather_patches

FIXED = 3
DECODER = 6
HEIGHT, WIDTH = 12, 15


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def make_branch(**changes):
    settings = {"channels": 4, "detail_side": 5, "detail_dilation": 2} | changes
    branch = LiteRegression(
        RegressorConfig(**settings), decoder_width=DECODER, fixed_channels=FIXED
    )
    return branch.double().eval()


def seen(decoder):
    """Features with a decoder map and nothing else."""
    return BoxFeatures(decoder, decoder, None, None)


@pytest.fixture
def branch():
    return make_branch()


class TestGatherPatches:
    @pytest.mark.parametrize(
        ("side", "dilation"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 3)]
    )
    def test_equals_unfold_at_every_cell(self, side, dilation):
        maps = random(1, 2, 6, 7)
        expected = F.unfold(
            maps, side, dilation=dilation, padding=side // 2 * dilation
        )[0].T  # (H * W, C * side * side)
        rows, columns = torch.meshgrid(torch.arange(6), torch.arange(7), indexing="ij")
        cells = torch.stack([columns.flatten(), rows.flatten()], 1)
        patches = gather_patches(
            maps.expand(42, -1, -1, -1), cells, side=side, dilation=dilation
        )
        assert torch.equal(patches, expected)

    def test_each_map_has_its_own_cell(self):
        maps = random(2, 3, 6, 7)
        cells = torch.tensor([[1, 2], [6, 5]])
        found = gather_patches(maps, cells, side=1)
        assert torch.equal(found, torch.stack([maps[0, :, 2, 1], maps[1, :, 5, 6]]))


class TestGenerate:
    def test_new_generator_says_that_the_target_keeps_its_size(self, branch):
        boxes = torch.tensor([[10.0, 8.0, 24.0, 16.0]]).double()
        model = branch.generate(seen(random(1, DECODER, HEIGHT, WIDTH)), boxes)
        maps = branch.offset_maps(random(1, 1, 4, HEIGHT, WIDTH), model[None])
        expected = torch.tensor([12.0, 12.0, 8.0, 8.0]).double()
        torch.testing.assert_close(
            maps, expected[:, None, None].expand(1, 1, 4, HEIGHT, WIDTH)
        )

    def test_several_samples_give_their_mean(self, branch):
        torch.nn.init.normal_(branch.generator.weight, std=0.1)
        maps = random(3, DECODER, HEIGHT, WIDTH)
        boxes = 10 + 15 * torch.rand(3, 4).double()
        each = branch.generate_each(seen(maps), boxes)
        assert each.shape == (3, 4, branch.input_size)
        torch.testing.assert_close(branch.generate(seen(maps), boxes), each.mean(0))

    def test_learned_part_depends_on_what_is_inside_the_box(self, branch):
        torch.nn.init.normal_(branch.generator.weight, std=0.1)
        maps = random(1, DECODER, 30, 30)
        far = maps.clone()
        far[..., 20:, 20:] = 0
        box = torch.tensor([[16.0, 16.0, 32.0, 32.0]]).double()
        size = branch.learned_size
        before = branch.generate(seen(maps), box)
        inside = branch.generate(seen(0 * maps), box)
        torch.testing.assert_close(branch.generate(seen(far), box), before)
        assert (inside[:, :size] - before[:, :size]).abs().max() > 1e-3


class TestOffsetMaps:
    def test_at_a_cell_equal_the_inputs_of_that_cell(self, branch):
        maps, models = random(2, 3, 4, HEIGHT, WIDTH), random(2, 4, branch.input_size)
        size = branch.learned_size + 1
        offsets = branch.offset_maps(maps, models)
        for row, column in ((0, 0), (5, 7), (HEIGHT - 1, WIDTH - 1), (3, 0)):
            cells = torch.tensor([[column, row]] * 6)
            inputs = branch.learned_inputs(maps.flatten(0, 1), cells).view(2, 3, size)
            expected = inputs @ models[:, :, :size].transpose(1, 2)
            torch.testing.assert_close(
                offsets[..., row, column], expected * branch.config.offset_unit_px
            )

    def test_model_without_details_gives_the_same(self, branch):
        maps, models = random(1, 2, 4, HEIGHT, WIDTH), random(1, 4, branch.input_size)
        short = models[..., : branch.learned_size + 1]
        assert torch.equal(
            branch.offset_maps(maps, models), branch.offset_maps(maps, short)
        )


class TestDetailWindow:
    def test_inputs_of_the_given_samples_have_no_mean_and_a_power_of_one(self, branch):
        patches = 3 + 5 * random(20, FIXED * 25)
        window = branch.detail_window(torch.tensor([40.0, 60.0]).double(), patches)
        inputs = window.normalise(patches)
        torch.testing.assert_close(
            inputs.mean(0), torch.zeros(FIXED * 25).double(), atol=1e-12, rtol=0
        )
        assert float(inputs.square().sum(1).mean()) == pytest.approx(1.0)

    def test_taps_fall_from_the_middle_and_reach_as_far_as_the_target(self, branch):
        window = branch.detail_window(
            torch.tensor([80.0, 20.0]).double(), random(4, FIXED * 25)
        )
        taps = (window.taps / window.taps.max()).view(5, 5)
        assert float(taps[2, 2]) == 1
        torch.testing.assert_close(taps, taps.flip(0, 1))
        assert taps[2, 3] > taps[2, 4] > taps[3, 2] > taps[4, 2]  # wider than high
        reach = branch.config.detail_window * 20.0
        expected = torch.exp(torch.tensor(-0.5 * (2 * 4 / reach) ** 2)).double()
        torch.testing.assert_close(taps[3, 2], expected)

    def test_samples_that_are_all_equal_stay_finite(self, branch):
        patches = random(1, FIXED * 25).expand(3, -1)
        window = branch.detail_window(torch.tensor([40.0, 60.0]).double(), patches)
        assert window.normalise(patches).isfinite().all()


class TestSmallForm:
    """Eq. 4 over patches around one cell, against convolutions over whole maps."""

    @pytest.fixture
    def problem(self, branch):
        maps, fixed = random(5, 4, HEIGHT, WIDTH), random(5, FIXED, HEIGHT, WIDTH)
        cells = torch.tensor([[7, 5], [6, 6], [0, 3], [14, 11], [9, 0]])
        details = branch.detail_patches(fixed, cells)
        window = branch.detail_window(torch.tensor([30.0, 50.0]).double(), details)
        inputs = torch.cat(
            [branch.learned_inputs(maps, cells), window.normalise(details)], 1
        )
        targets = random(5, 4)
        weights = torch.tensor([0.3, 0.1, 0.2, 0.2, 0.2]).double()
        return maps, fixed, cells, window, inputs, targets, weights

    def measure_dense_loss(self, branch, model, problem):
        """Filter the whole maps, then look at the target's cell alone."""
        maps, fixed, cells, window, _, targets, weights = problem
        config, size = branch.config, branch.learned_size
        side, dilation = config.detail_side, config.detail_dilation
        learned = model[:, :size].view(4, 4, 3, 3) / size**0.5
        detail = model[:, size + 1 :]
        windowed = (detail * window.taps.repeat(FIXED)).view(4, FIXED, side, side)
        offsets = (
            F.conv2d(maps, learned, padding=1)
            + F.conv2d(fixed, windowed, padding=side // 2 * dilation, dilation=dilation)
            + (model[:, size] * config.bias_value - detail @ window.mean)[:, None, None]
        )
        mask = torch.zeros(5, 1, HEIGHT, WIDTH, dtype=torch.float64)
        mask[torch.arange(5), 0, cells[:, 1], cells[:, 0]] = 1
        error = mask * (targets[:, :, None, None] - offsets).square()
        data = (weights * error.sum((1, 2, 3))).sum()
        return data + branch.eta.square() * model.square().sum()

    def test_loss_and_gradient_equal_the_dense_form(self, branch, problem):
        *_, inputs, targets, weights = problem
        losses, gradients = [], []
        start = random(4, branch.input_size)
        for form in ("small", "dense"):
            model = start.clone().requires_grad_()
            if form == "small":
                loss = measure_loss(model, inputs, targets, weights, eta=branch.eta)
            else:
                loss = self.measure_dense_loss(branch, model, problem)
            loss.backward()
            losses.append(loss.detach())
            gradients.append(model.grad)
        torch.testing.assert_close(losses[0], losses[1], atol=0, rtol=1e-12)
        torch.testing.assert_close(gradients[0], gradients[1], atol=1e-10, rtol=0)

    def test_rectifier_steps_are_steepest_descent_on_the_dense_form(
        self, branch, problem
    ):
        *_, inputs, targets, weights = problem
        model = random(4, branch.input_size)
        with torch.no_grad():
            found = rectify(
                model, inputs, targets, weights, eta=branch.eta, iterations=3
            )
        for _ in range(3):
            place = model.clone().requires_grad_()
            loss = self.measure_dense_loss(branch, place, problem)
            (gradient,) = torch.autograd.grad(loss, place, create_graph=True)
            (curved,) = torch.autograd.grad(
                gradient, place, grad_outputs=gradient.detach()
            )  # Hessian times gradient: the exact line search of a quadratic
            gradient = gradient.detach()
            length = gradient.square().sum() / (gradient * curved).sum()
            model = model - length * gradient
        torch.testing.assert_close(found, model, atol=1e-6, rtol=0)

    def test_branch_without_details(self):
        plain = make_branch(detail_side=0)
        assert plain.input_size == plain.learned_size + 1
        boxes = torch.tensor([[10.0, 8.0, 24.0, 16.0]]).double()
        model = plain.generate(seen(random(1, DECODER, HEIGHT, WIDTH)), boxes)
        assert model.shape == (4, plain.input_size)
