"""Where the rectifier differs from the released one on purpose.

The recorded iterates come out exactly when the two faults of the released optimiser are
put into its equations: the label at the mirrored cell, and a line search over all cells
where only one counts. Ours has neither.
"""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcot_engine.config import FINE_STRIDE, RegressionUpdateConfig
from fcot_engine.model import rectify
from fcot_engine.model.rectifier import measure_loss
from fcot_engine.model.regression import gather_patches
from fcot_engine.tracker.regression import RowReader

pytestmark = [pytest.mark.shared, pytest.mark.slow]

STEPS = 4
SAMPLES = 3


@pytest.fixture(scope="module")
def eta(network):
    return network.regression.eta


@pytest.fixture(scope="module")
def cells(parity):
    """Column and row of the cell that each target's centre lies in."""
    boxes = parity["in/train_boxes_xywh"]
    return ((boxes[:, :2] + boxes[:, 2:] / 2) / FINE_STRIDE).long()


@pytest.fixture(scope="module")
def mirrored_problem(parity, features, cells):
    """Inputs and targets with the label where the released code writes it."""
    inputs = gather_patches(features.regression[:SAMPLES], cells.flip(1), side=3)
    return inputs, parity["reg/label_values_lrtb"].float()


def _release(model, inputs, targets, maps, *, eta, use_mask):
    """One step of the released optimiser, its line search with or without a mask."""
    residual = (inputs @ model.T - targets) / SAMPLES
    gradient = residual.T @ inputs + eta**2 * model
    if use_mask:
        change = inputs @ gradient.T
    else:
        change = F.conv2d(maps, gradient.view(4, -1, 3, 3), padding=1)
    power = gradient.square().sum()
    step = power / (change.square().sum() / SAMPLES + eta**2 * power)
    return model - step * gradient, float(step)


class TestLabel:
    def test_released_label_has_row_and_column_exchanged(self, parity, cells):
        recorded = parity["reg/label_nonzero_index_n_row_col"]
        assert torch.equal(recorded[:, 1:], cells)  # column first

    def test_ours_is_at_the_target(self, parity, network, features, cells):
        config = RegressionUpdateConfig(cell_jitter=0, cells_per_sample=1)
        maps = features.for_regressor
        train = maps._replace(regression=maps.regression[:SAMPLES])
        rows = RowReader(network.regression, config).read(
            train, parity["in/train_boxes_xywh"]
        )
        padded = F.pad(train.regression, (1, 1, 1, 1))
        for found, x, (column, row) in zip(
            rows.learned, padded, cells.tolist(), strict=True
        ):
            around = x[:, row : row + 3, column : column + 3]
            torch.testing.assert_close(found, around.flatten())


class TestLineSearch:
    def test_both_faults_together_give_the_recorded_iterates(
        self, parity, features, models, mirrored_problem, assert_close_to_rms, eta
    ):
        first = model = models[0]
        maps = features.regression[:SAMPLES]
        for recorded in parity["reg/filter_iterates"]:
            model, _ = _release(model, *mirrored_problem, maps, eta=eta, use_mask=False)
            change = recorded.flatten(1) - parity["reg/filter_init"].flatten(1)
            assert_close_to_rms(model - first, change, 5e-3)

    def test_with_the_mask_it_is_ours(
        self, features, models, mirrored_problem, assert_close_to_rms, eta
    ):
        inputs, targets = mirrored_problem
        model = models[0]
        for _ in range(STEPS):
            model, _ = _release(model, inputs, targets, None, eta=eta, use_mask=True)
        weights = torch.full((SAMPLES,), 1 / SAMPLES)
        ours = rectify(models[0], inputs, targets, weights, eta=eta, iterations=STEPS)
        assert_close_to_rms(ours, model, 1e-4)

    def test_released_steps_are_thousands_of_times_too_short(
        self, features, models, mirrored_problem, eta
    ):
        maps = features.regression[:SAMPLES]
        _, short = _release(models[0], *mirrored_problem, maps, eta=eta, use_mask=False)
        _, exact = _release(models[0], *mirrored_problem, maps, eta=eta, use_mask=True)
        assert exact / short == pytest.approx(3859, rel=0.01)  # of the reference

    def test_ours_learns_where_the_released_one_hardly_moves(
        self, parity, models, mirrored_problem, eta
    ):
        inputs, targets = mirrored_problem
        weights = torch.full((SAMPLES,), 1 / SAMPLES)
        ours = rectify(models[0], inputs, targets, weights, eta=eta, iterations=STEPS)
        losses = [
            float(measure_loss(model, inputs, targets, weights, eta=eta))
            for model in (models[0], ours)
        ]
        released = parity["reg/losses"]
        assert losses[1] < 0.3 * losses[0]
        assert float(released[-1] / released[0]) > 0.999
