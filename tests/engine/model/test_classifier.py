from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from fcot_engine.config import ClassifierConfig
from fcot_engine.model import ClassificationModel
from fcot_engine.model.classifier import LabelMaps
from fcot_engine.ops import apply_filter, distance_map

STRIDE = 4
SIZE = (9, 11)
CHANNELS = 6


def random(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def make_model(**changes):
    config = ClassifierConfig(
        channels=CHANNELS,
        filter_side=3,
        label_sigma=1.2,
        mask_slope=0.5,
        distance_bins=14,
        bin_width=0.5,
    )
    model = ClassificationModel(config, CHANNELS, stride=STRIDE).double()
    with torch.no_grad():
        for name, value in changes.items():
            getattr(model, name).copy_(torch.as_tensor(value))
    return model.requires_grad_(False)


@pytest.fixture
def model():
    """Not as new: tables with some shape, as training would leave them."""
    model = make_model(filter_reg=0.3)
    model.weight_table += 0.3 * torch.rand(14, dtype=torch.float64)
    model.label_table += 0.05 * torch.rand(14, dtype=torch.float64)
    return model


@pytest.fixture
def problem(model):
    """Features, boxes, labels and weights of five samples."""
    features = random(5, CHANNELS, *SIZE)
    boxes = torch.tensor([12.0, 8.0, 16.0, 14.0]).double() + 6 * torch.rand(5, 4)
    weights = torch.tensor([0.4, 0.1, 0.2, 0.1, 0.2], dtype=torch.float64)
    return features, model.label_maps(boxes, SIZE), weights


def activate(scores, mask):
    """Scores above 0 count in full, those below as much as the mask says."""
    return scores.clamp(min=0) + mask * scores.clamp(max=0)


def measure_loss(model, target_filter, features, labels, weights):
    residual = activate(apply_filter(features, target_filter), labels.mask)
    residual = labels.weight * (residual - labels.label)
    data = (weights * residual.square().sum((-1, -2))).sum(-1)
    return data + model.filter_reg.square() * target_filter.square().sum()


class TestLabelMaps:
    def test_tables_are_read_linearly_by_the_distance(self, model):
        boxes = 40 * torch.rand(3, 2, 4, dtype=torch.float64)
        centers = boxes[..., :2] + boxes[..., 2:] / 2
        distances = distance_map(centers, SIZE, stride=STRIDE, offset=0.5)

        def read(table):
            values = np.interp(distances, 0.5 * np.arange(14), table.detach())
            return torch.from_numpy(values)

        maps = model.label_maps(boxes, SIZE)
        torch.testing.assert_close(maps.label, read(model.label_table))
        torch.testing.assert_close(maps.mask, read(model.mask_table).sigmoid())
        torch.testing.assert_close(maps.weight, read(model.weight_table))

    def test_target_on_a_cell_has_its_peak_there(self):
        maps = make_model().label_maps(torch.tensor([16.0, 10, 12, 8]).double(), SIZE)
        assert divmod(int(maps.label.argmax()), SIZE[1]) == (3, 5)  # (22, 14) px
        assert float(maps.label.max()) == pytest.approx(1.0)
        assert float(maps.mask[3, 5]) > 0.9
        assert float(maps.mask[8, 0]) < float(maps.mask[3, 5])


class TestStartFilter:
    def test_new_model_starts_from_zero(self):
        boxes = torch.tensor([[12.0, 8.0, 9.0, 9.0]] * 5).double()
        start = make_model().start_filter(random(5, CHANNELS, *SIZE), boxes)
        assert torch.equal(start, torch.zeros(CHANNELS, 3, 3, dtype=torch.float64))

    def test_follows_a_moved_target(self):
        model = make_model(start_gain=torch.ones(CHANNELS, 1, 1))
        features = torch.zeros(1, CHANNELS, 20, 20, dtype=torch.float64)
        features[..., 4:9, 4:9] = random(1, CHANNELS, 5, 5)
        moved = features.roll((6, 3), (-2, -1))
        box = torch.tensor([[19.0, 21.0, 14.0, 10.0]]).double()
        shift = torch.tensor([3.0 * STRIDE, 6.0 * STRIDE, 0, 0]).double()
        start = model.start_filter(features, box)
        assert start.abs().max() > 0
        torch.testing.assert_close(model.start_filter(moved, box + shift), start)

    def test_is_the_mean_over_the_frames(self):
        model = make_model(start_gain=torch.rand(CHANNELS, 1, 1))
        features = random(4, CHANNELS, *SIZE)
        boxes = 20 * torch.rand(4, 4).double()
        alone = [
            model.start_filter(features[i : i + 1], boxes[i : i + 1]) for i in range(4)
        ]
        torch.testing.assert_close(
            model.start_filter(features, boxes), torch.stack(alone).mean(0)
        )


def descend(model, *problem, **options):
    """The filters after each step."""
    return model.optimise(*problem, **options).filters


class TestOptimise:
    def test_loss_falls_at_every_step(self, model, problem):
        features, labels, weights = problem
        start = 0.1 * random(CHANNELS, 3, 3)
        iterates = descend(
            model, start, features, labels, sample_weights=weights, iterations=12
        )
        losses = [
            float(measure_loss(model, f, features, labels, weights))
            for f in (start, *iterates)
        ]
        assert all(after < before for before, after in itertools.pairwise(losses))
        assert losses[-1] < 0.8 * losses[0]

    def test_first_direction_is_the_gradient_of_the_loss(self, model, problem):
        features, labels, weights = problem
        start = (0.1 * random(CHANNELS, 3, 3)).requires_grad_()
        measure_loss(model, start, features, labels, weights).backward()
        (after,) = descend(
            model,
            start.detach(),
            features,
            labels,
            sample_weights=weights,
            iterations=1,
        )
        step = (start.detach() - after).flatten()
        along = torch.dot(step, start.grad.flatten())
        expected = step.norm() * start.grad.norm()
        torch.testing.assert_close(along, expected, atol=0, rtol=1e-10)

    def test_each_step_is_the_minimum_on_the_line_of_the_linearised_loss(
        self, model, problem
    ):
        features, labels, weights = problem
        before = 0.1 * random(CHANNELS, 3, 3)
        for after in descend(
            model, before, features, labels, sample_weights=weights, iterations=4
        ):
            scores = apply_filter(features, before)
            slope = torch.where(scores > 0, torch.ones_like(scores), labels.mask)
            place = torch.ones((), dtype=torch.float64, requires_grad=True)
            moved = before + place * (after - before)
            linear = activate(scores, labels.mask) + slope * (
                apply_filter(features, moved) - scores
            )
            residual = labels.weight * (linear - labels.label)
            loss = (weights * residual.square().sum((-1, -2))).sum()
            loss = loss + model.filter_reg.square() * moved.square().sum()
            loss.backward()
            scale = float(measure_loss(model, before, features, labels, weights))
            assert abs(float(place.grad)) < 1e-10 * scale
            before = after

    def test_run_long_equals_the_closed_form_where_the_problem_is_linear(self):
        """With a mask of 1 everywhere the loss is plain ridge regression."""
        model = make_model(filter_reg=1.0)
        features, weights = random(3, CHANNELS, *SIZE), torch.full((3,), 1 / 3).double()
        ones = torch.ones(3, *SIZE, dtype=torch.float64)
        labels = LabelMaps(torch.rand(3, *SIZE).double(), ones, ones)
        found = descend(
            model,
            torch.zeros(CHANNELS, 3, 3).double(),
            features,
            labels,
            sample_weights=weights,
            iterations=400,
        )[-1]
        size = found.numel()
        basis = torch.eye(size, dtype=torch.float64).view(size, CHANNELS, 3, 3)
        rows = torch.stack([apply_filter(features, f).flatten() for f in basis], 1)
        gram = rows.T @ rows / 3 + torch.eye(size).double()
        expected = torch.linalg.solve(gram, rows.T @ labels.label.flatten() / 3)
        torch.testing.assert_close(found.flatten(), expected, atol=1e-8, rtol=0)

    def test_steps_one_by_one_with_known_scores_are_the_same(self, model, problem):
        features, labels, weights = problem
        start = 0.1 * random(CHANNELS, 3, 3)
        together = descend(
            model, start, features, labels, sample_weights=weights, iterations=4
        )
        last, scores = start, None
        for expected in together:
            (last,), scores = model.optimise(
                last,
                features,
                labels,
                sample_weights=weights,
                iterations=1,
                scores=scores,
            )
            torch.testing.assert_close(last, expected)

    def test_step_factor_scales_the_step(self, problem):
        features, labels, weights = problem
        start = 0.1 * random(CHANNELS, 3, 3)
        steps = []
        for factor in (1.0, 0.5):
            model = make_model(log_step=torch.tensor(factor).log())
            (after,) = descend(
                model, start, features, labels, sample_weights=weights, iterations=1
            )
            steps.append(after - start)
        torch.testing.assert_close(steps[1], 0.5 * steps[0])

    def test_problems_side_by_side_do_not_touch(self, model):
        features, boxes = random(2, 3, CHANNELS, *SIZE), 30 * torch.rand(2, 3, 4)
        labels = model.label_maps(boxes.double(), SIZE)
        weights = torch.full((2, 3), 1 / 3).double()
        start = 0.1 * random(2, CHANNELS, 3, 3)
        together = descend(
            model, start, features, labels, sample_weights=weights, iterations=3
        )[-1]
        alone = descend(
            model,
            start[1],
            features[1],
            LabelMaps(*(m[1] for m in labels)),
            sample_weights=weights[1],
            iterations=3,
        )[-1]
        torch.testing.assert_close(together[1], alone)

    def test_all_zero_features_leave_a_zero_filter(self, model, problem):
        features, labels, weights = problem
        found = descend(
            model,
            torch.zeros(CHANNELS, 3, 3).double(),
            torch.zeros_like(features),
            labels,
            sample_weights=weights,
            iterations=3,
        )[-1]
        assert torch.equal(found, torch.zeros_like(found))

    def test_learned_filter_finds_the_target(self):
        """A pattern learned at one place is scored highest where it went."""
        model, pattern = make_model(), 3 * random(CHANNELS, 3, 3)

        def paint(row, column):
            features = 0.5 * random(1, CHANNELS, *SIZE)
            features[0, :, row - 1 : row + 2, column - 1 : column + 2] += pattern
            return features

        labels = model.label_maps(torch.tensor([[16.0, 14, 12, 8]]).double(), SIZE)
        found = descend(
            model,
            torch.zeros(CHANNELS, 3, 3).double(),
            paint(4, 5),
            labels,
            sample_weights=torch.ones(1).double(),
            iterations=8,
        )[-1]
        scores = model.score(paint(6, 2), found)[0]
        assert divmod(int(scores.argmax()), SIZE[1]) == (6, 2)


class TestEvenFilter:
    """A 4 x 4 filter scores the corners of cells, one more along each axis."""

    @pytest.fixture
    def even(self):
        return ClassificationModel(
            ClassifierConfig(
                channels=CHANNELS,
                filter_side=4,
                label_sigma=0.9,
                mask_slope=1.0,
                distance_bins=100,
                bin_width=0.1,
                initialiser="box",
            ),
            CHANNELS,
            stride=STRIDE,
        ).double()

    def test_first_cell_lies_in_the_corner_of_the_patch(self, even, model):
        assert even.first_cell_px == 0
        assert model.first_cell_px == STRIDE / 2

    @pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 5), (9, 11)])
    def test_label_peaks_where_its_cell_lies(self, even, row, column):
        center = torch.tensor([column, row]).double() * STRIDE
        box = torch.cat([center - 6, torch.tensor([12.0, 12.0]).double()])
        label = even.label_maps(box[None], SIZE).label[0]
        assert label.shape == (SIZE[0] + 1, SIZE[1] + 1)
        assert divmod(int(label.argmax()), SIZE[1] + 1) == (row, column)

    def test_optimised_scores_peak_at_the_corner_nearest_to_the_target(self, even):
        torch.manual_seed(3)
        features = random(1, CHANNELS, *SIZE)
        box = torch.tensor([[14.0, 10.0, 12.0, 12.0]]).double()  # centre (20, 16)
        with torch.no_grad():
            start = even.start_filter(features, box)
            (*_, last) = descend(
                even,
                start,
                features,
                even.label_maps(box, SIZE),
                sample_weights=torch.ones(1).double(),
                iterations=60,
            )
            scores = even.score(features, last)[0]
        assert divmod(int(scores.argmax()), SIZE[1] + 1) == (4, 5)

    def test_first_filter_is_the_pooled_convolution(self, even):
        """Constant features: every bin inside the map holds the convolution's value."""
        features = torch.ones(2, CHANNELS, *SIZE).double()
        box = torch.tensor([[12.0, 8.0, 12.0, 12.0]] * 2).double()
        with torch.no_grad():
            start = even.start_filter(features, box)
            inside = even.start_conv(features)[0, :, 4, 5]
        torch.testing.assert_close(start, inside[:, None, None].expand(-1, 4, 4))
