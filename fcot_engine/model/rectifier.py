"""The rectifier of the regression model generator (section III-B, Eq. 4 to 10).

Eq. 4 looks only at the features around the target's centre c, so a training sample is
one vector x (the k x k x C cells around c, plus a constant) and one wanted answer m
(the four offsets). With f the filter as a 4 x D matrix the loss is

    L(f) = sum_n w_n |m_n - f x_n|^2 + eta^2 |f|^2,        sum_n w_n = 1,

a plain least-squares problem with a few dozen rows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fcot_engine.errors import ShapeError

_TINY = 1e-12  # where nothing is left to improve, steps have no length


def measure_loss(
    model: Tensor, inputs: Tensor, targets: Tensor, weights: Tensor, *, eta: Tensor
) -> Tensor:
    """Loss of Eq. 4, shape `(*)`; arguments as for `rectify`."""
    residual = targets - inputs @ model.transpose(-1, -2)
    data = (weights[..., None] * residual.square()).sum((-1, -2))
    return data + eta.square() * model.square().sum((-1, -2))


class Rectifier:
    """The problem of some samples, ready for any number of models.

    What the samples have in common is measured once: a model for them takes a hundredth
    of that time.
    """

    def __init__(
        self, inputs: Tensor, targets: Tensor, weights: Tensor, *, eta: Tensor
    ) -> None:
        """Take in the samples.

        Args:
            inputs: `(*, N, D)`, one row a sample.
            targets: `(*, N, 4)`, the offsets that each sample should give.
            weights: `(*, N)`, how much each sample counts, summing to 1.
            eta: weight of the filter's norm, a scalar.

        Raises:
            ShapeError: the sizes do not fit each other.
        """
        samples, size = inputs.shape[-2:]
        expected = (samples, 4), (samples,)
        got = tuple(targets.shape[-2:]), tuple(weights.shape[-1:])
        if got != expected:
            raise ShapeError(
                f"For inputs of {samples} samples with {size} numbers, targets and "
                f"weights must end in {expected}, got {got}."
            )
        root = weights.sqrt()[..., None]
        self._inputs, self._targets = root * inputs, root * targets
        self._decay = eta.square()
        self._gram: Tensor | None = None

    def improve(self, model: Tensor, *, iterations: int) -> Tensor:
        """Improve a regression model by steepest descent with exact line search.

        Each step is Eq. 5 with the gradient of Eq. 9 and the length of Eq. 8 and 10;
        the problem is quadratic, so the Gauss-Newton length is the exact minimum on the
        line.

        Args:
            model: `(*, 4, D)`, one row for each of left, right, top and bottom.
            iterations: number of steps.

        Returns:
            The rectified model, `(*, 4, D)`.

        Raises:
            ShapeError: the model does not fit the inputs.
        """
        samples, size = self._inputs.shape[-2:]
        if tuple(model.shape[-2:]) != (4, size):
            raise ShapeError(
                f"For inputs of {samples} samples with {size} numbers a model must end "
                f"in (4, {size}), got {tuple(model.shape)}."
            )
        # a Gram matrix costs as much as samples / 4 steps, and makes steps nearly free
        is_worth_it = self._gram is not None or 4 * iterations > samples
        if not is_worth_it or samples >= size:
            return _step(model, self._inputs, self._targets, self._decay, iterations)
        if self._gram is None:
            self._gram = _measure_gram(self._inputs)
        return _step_among_samples(
            model, self._inputs, self._targets, self._gram, self._decay, iterations
        )


def rectify(
    model: Tensor,
    inputs: Tensor,
    targets: Tensor,
    weights: Tensor,
    *,
    eta: Tensor,
    iterations: int,
) -> Tensor:
    """Improve one model for some samples; see `Rectifier` and `Rectifier.improve`."""
    problem = Rectifier(inputs, targets, weights, eta=eta)
    return problem.improve(model, iterations=iterations)


def _measure_gram(inputs: Tensor) -> Tensor:
    """What every two samples have in common, `(*, N, N)`."""
    wide = inputs.device.type != "mps"  # which has no double precision
    precise = torch.float64 if wide else inputs.dtype
    return (inputs @ inputs.transpose(-1, -2)).to(precise)


def _step(
    model: Tensor, inputs: Tensor, targets: Tensor, decay: Tensor, iterations: int
) -> Tensor:
    """Take the steps as the equations say; inputs and targets are weighted."""
    for _ in range(iterations):
        residual = inputs @ model.transpose(-1, -2) - targets  # (*, N, 4)
        gradient = residual.transpose(-1, -2) @ inputs + decay * model  # (*, 4, D)
        change = inputs @ gradient.transpose(-1, -2)
        power = gradient.square().sum((-1, -2), keepdim=True)
        curvature = change.square().sum((-1, -2), keepdim=True) + decay * power
        model = model - power / curvature.clamp(min=_TINY) * gradient
    return model


def _step_among_samples(
    model: Tensor,
    inputs: Tensor,
    targets: Tensor,
    gram: Tensor,
    decay: Tensor,
    iterations: int,
) -> Tensor:
    """Take the same steps with what the samples have in common alone.

    With X the inputs, every model on the way is a f + B^T X with f the first one. All
    that a step needs of them are X X^T, X f^T and |f|^2, so D enters only twice.
    """
    precise = gram.dtype
    first = (inputs @ model.transpose(-1, -2)).to(precise)  # (*, N, 4)
    first_power = model.square().sum((-1, -2), keepdim=True).to(precise)
    wanted, decay = targets.to(precise), decay.to(precise)
    share = torch.ones_like(first_power)  # a
    mix = torch.zeros_like(wanted)  # B, (*, N, 4)
    answers = first  # X (a f + B^T X)^T
    for _ in range(iterations):
        along = answers - wanted + decay * mix  # the gradient is along^T X + rest f
        rest = decay * share
        change = gram @ along + rest * first  # X gradient^T
        power = (along * (change + rest * first)).sum((-1, -2), keepdim=True)
        power = power + rest.square() * first_power
        curvature = change.square().sum((-1, -2), keepdim=True) + decay * power
        length = power / curvature.clamp(min=_TINY)
        share, mix = share - length * rest, mix - length * along
        answers = answers - length * change
    mix, share = mix.to(inputs.dtype), share.to(inputs.dtype)
    return share * model + mix.transpose(-1, -2) @ inputs
