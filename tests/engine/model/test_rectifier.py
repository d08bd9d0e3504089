from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import ShapeError
from fcot_engine.model import rectifier, rectify
from fcot_engine.model.rectifier import measure_loss


def solve_directly(inputs, targets, weights, *, eta):
    """Minimum of Eq. 4 in closed form, where `rectify` goes in the long run."""
    root = weights.sqrt()[..., None]
    inputs, targets = root * inputs, root * targets
    gram = inputs @ inputs.transpose(-1, -2)
    gram.diagonal(dim1=-2, dim2=-1).add_(eta.square())
    dual = torch.linalg.solve(gram, targets)
    return dual.transpose(-1, -2) @ inputs


def make_problem(seed, samples, size, *, eta=0.2):
    """Model, inputs, targets, weights and eta of a random problem in float64."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = random(samples).square() + 1e-3
    return (
        random(4, size),
        random(samples, size) / size**0.5,
        2 + random(samples, 4),
        weights / weights.sum(),
        torch.tensor(eta, dtype=torch.float64),
    )


def take_steps(problem, count):
    model, inputs, targets, weights, eta = problem
    models = [model]
    for _ in range(count):
        models.append(
            rectify(models[-1], inputs, targets, weights, eta=eta, iterations=1)
        )
    return models


class TestMeasureLoss:
    def test_value_by_hand(self):
        model = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [2.0, 0.0]])
        inputs = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
        targets = torch.tensor([[1.0, 0.0, 3.0, 2.0], [0.0, 1.0, 0.0, 1.0]])
        loss = measure_loss(
            model,
            inputs,
            targets,
            torch.tensor([0.25, 0.75]),
            eta=torch.tensor(0.5),
        )
        # residuals (0, -2, 3, 0) and (0, 0, 0, 1); |f|^2 = 6
        assert float(loss) == pytest.approx(0.25 * 13 + 0.75 * 1 + 0.25 * 6)


class TestRectify:
    @given(
        st.integers(0, 10**6),
        st.integers(1, 40),
        st.sampled_from([2, 10, 60]),
        st.sampled_from([0.0, 0.035, 0.5]),
    )
    def test_loss_falls_at_every_step(self, seed, samples, size, eta):
        problem = make_problem(seed, samples, size, eta=eta)
        losses = [
            float(measure_loss(m, *problem[1:4], eta=problem[4]))
            for m in take_steps(problem, 6)
        ]
        floor = measure_loss(
            solve_directly(*problem[1:4], eta=problem[4].clamp(min=1e-6)),
            *problem[1:4],
            eta=problem[4],
        )
        for before, after in itertools.pairwise(losses):
            assert after < before or after <= float(floor) * (1 + 1e-9) + 1e-12

    @pytest.mark.parametrize("seed", range(5))
    def test_each_step_is_the_minimum_on_the_line_along_the_gradient(self, seed):
        problem = make_problem(seed, 12, 30)
        models = take_steps(problem, 4)
        for before, after in itertools.pairwise(models):
            start = before.clone().requires_grad_()
            measure_loss(start, *problem[1:4], eta=problem[4]).backward()
            end = after.clone().requires_grad_()
            measure_loss(end, *problem[1:4], eta=problem[4]).backward()
            step = (before - after).flatten()
            direction = start.grad.flatten()
            # along the gradient, and the slope along it is 0 where the step ends
            assert float(step @ direction) == pytest.approx(
                float(step.norm() * direction.norm()), rel=1e-10
            )
            slope = float(end.grad.flatten() @ direction) / float(direction.norm())
            assert abs(slope) < 1e-10 * float(direction.norm())

    @pytest.mark.parametrize(
        ("samples", "size"),
        [pytest.param(9, 40, id="wide"), pytest.param(50, 7, id="tall")],
    )
    def test_run_long_equals_the_closed_form(self, samples, size):
        model, inputs, targets, weights, eta = make_problem(1, samples, size)
        found = rectify(model, inputs, targets, weights, eta=eta, iterations=5000)
        expected = solve_directly(inputs, targets, weights, eta=eta)
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)

    @pytest.mark.parametrize("iterations", [1, 5, 40, 150])
    @pytest.mark.parametrize("eta", [0.0, 0.035, 0.5])
    def test_both_ways_of_taking_the_steps_agree(self, iterations, eta):
        model, inputs, targets, weights, eta = make_problem(6, 12, 90, eta=eta)
        root = weights.sqrt()[:, None]
        rows, wanted = root * inputs, root * targets
        gram = rectifier._measure_gram(rows)
        torch.testing.assert_close(
            rectifier._step_among_samples(
                model, rows, wanted, gram, eta.square(), iterations
            ),
            rectifier._step(model, rows, wanted, eta.square(), iterations),
            atol=1e-9,
            rtol=0,
        )

    def test_many_steps_in_single_precision_stay_near_those_in_double(self):
        problem = make_problem(7, 180, 2000, eta=0.035)
        exact = rectify(*problem[:4], eta=problem[4], iterations=150)
        single = [part.float() for part in problem]
        found = rectify(*single[:4], eta=single[4], iterations=150)
        torch.testing.assert_close(found.double(), exact, atol=1e-4, rtol=0)

    def test_batches_are_rectified_each_by_itself(self):
        problems = [make_problem(seed, 6, 40) for seed in (8, 9)]
        eta = problems[0][4]
        batch = [torch.stack(parts) for parts in zip(*problems, strict=True)][:4]
        found = rectify(*batch, eta=eta, iterations=30)
        for model, problem in zip(found, problems, strict=True):
            expected = rectify(*problem[:4], eta=eta, iterations=30)
            torch.testing.assert_close(model, expected)

    def test_nothing_to_learn_from_stays_finite(self):
        _, _, targets, weights, eta = make_problem(5, 3, 6)
        after = rectify(
            torch.zeros(4, 6).double(),
            torch.zeros(3, 6).double(),
            targets,
            weights,
            eta=eta,
            iterations=3,
        )
        assert torch.equal(after, torch.zeros_like(after))

    def test_eta_learns_through_the_steps(self):
        model, inputs, targets, weights, eta = make_problem(8, 5, 4)
        assert torch.autograd.gradcheck(
            lambda e, m: rectify(m, inputs, targets, weights, eta=e, iterations=2),
            (eta.requires_grad_(), model.requires_grad_()),
        )

    @pytest.mark.parametrize(
        "shapes",
        [
            pytest.param(((3, 5), (7, 5), (7, 4), (7,)), id="three_rows"),
            pytest.param(((4, 6), (7, 5), (7, 4), (7,)), id="other_inputs"),
            pytest.param(((4, 5), (7, 5), (6, 4), (7,)), id="too_few_targets"),
            pytest.param(((4, 5), (7, 5), (7, 4), (8,)), id="too_many_weights"),
        ],
    )
    def test_sizes_that_do_not_fit_are_named(self, shapes):
        problem = (torch.zeros(shape) for shape in shapes)
        with pytest.raises(ShapeError, match="7 samples with 5 numbers"):
            rectify(*problem, eta=torch.tensor(0.1), iterations=1)
