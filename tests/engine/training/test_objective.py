from __future__ import annotations

import pytest
import torch

from fcot_engine.config.network import (
    BackboneConfig,
    ClassifierConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.model.lite_network import LiteNet
from fcot_engine.training.objective import compute_losses
from fcot_engine.training.training_batch import TrainingBatch

SIDE = 96
CONFIG = NetworkConfig(
    backbone=BackboneConfig(widths=(8, 12, 16), blocks=(1, 1, 1), decoder_width=12),
    coarse=ClassifierConfig(channels=8, filter_side=3, label_sigma=0.7, mask_slope=0.5),
    fine=ClassifierConfig(channels=6, filter_side=5, label_sigma=1.2, mask_slope=0.5),
    regressor=RegressorConfig(channels=8, detail_side=0),
)
PARTS = {"coarse", "fine", "generated", "rectified", "match_coarse", "match_fine"}
FIGURES = {"spread_coarse", "spread_fine"}


def paint(box_xywh, colour, noise):
    """A striped square on noise, `(3, SIDE, SIDE)` in [0, 1]."""
    image = 0.5 + 0.15 * noise
    x, y, w, h = (round(value) for value in box_xywh)
    stripes = (torch.arange(w) // 4 % 2).float()
    image[:, y : y + h, x : x + w] = colour[:, None, None] * (0.5 + 0.5 * stripes)
    return image


def make_batch(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.rand(*shape, generator=generator)

    images, boxes = [], []
    for _ in range(count):
        colour = draw(3)
        for _ in range(4):
            size = 24 + 12 * draw(2)
            corner = 20 + draw(2) * (SIDE - 40 - size)
            box = torch.cat([corner, size]).round()
            boxes.append(box)
            images.append(paint(box.tolist(), colour, draw(3, SIDE, SIDE)))
    images = torch.stack(images).view(count, 4, 3, SIDE, SIDE)
    boxes = torch.stack(boxes).view(count, 4, 4)
    return TrainingBatch(
        images[:, :2],
        boxes[:, :2],
        images[:, 2:],
        boxes[:, 2:],
        torch.ones(count, 2, dtype=torch.bool),
        torch.zeros(count, dtype=torch.bool),
    )


@pytest.fixture
def network():
    torch.manual_seed(2)
    return LiteNet(CONFIG).train()


@pytest.fixture
def batch():
    return make_batch()


def measure(network, batch, stage="one"):
    """The losses as plain numbers."""
    losses = compute_losses(network, batch, stage=stage)
    return {name: float(value.detach()) for name, value in losses.items()}


class TestComputeLosses:
    def test_every_part_is_named_and_finite(self, network, batch):
        losses = compute_losses(network, batch, stage="one")
        assert losses.keys() == {"total"} | PARTS | FIGURES
        for value in losses.values():
            assert value.shape == ()
            assert value.isfinite()

    def test_total_is_the_sum_of_the_parts_without_the_figures(self, network, batch):
        losses = compute_losses(network, batch, stage="one")
        expected = torch.stack([losses[name] for name in PARTS]).sum()
        torch.testing.assert_close(losses["total"], expected)
        assert not any(losses[name].requires_grad for name in FIGURES)

    @pytest.mark.parametrize(
        ("name", "reached"),
        [
            ("coarse", ["backbone.stem", "coarse_head", "coarse.label_table"]),
            (
                "fine",
                ["backbone.stem", "backbone.smooth", "fine_head", "fine.log_step"],
            ),
            ("generated", ["backbone.stem", "regression.generator"]),
            ("rectified", ["backbone.stem", "regression.head", "regression.eta"]),
            ("match_fine", ["backbone.stem", "fine_head"]),
            ("match_coarse", ["backbone.stem", "coarse_head"]),
        ],
    )
    def test_each_part_reaches_what_it_should_train(
        self, network, batch, name, reached
    ):
        torch.nn.init.normal_(network.regression.generator.weight, std=0.01)
        compute_losses(network, batch, stage="one")[name].backward()
        moved = {
            key
            for key, parameter in network.named_parameters()
            if parameter.grad is not None and parameter.grad.abs().sum() > 0
        }
        for wanted in reached:
            assert any(key.startswith(wanted) for key in moved), wanted

    def test_total_reaches_every_parameter_with_finite_gradients(self, network, batch):
        torch.nn.init.normal_(network.regression.generator.weight, std=0.01)
        compute_losses(network, batch, stage="one")["total"].backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name

    def test_a_few_steps_on_one_batch_lower_the_loss(self, network, batch):
        optimizer = torch.optim.AdamW(network.stage_parameters("one"), lr=2e-3)
        history = []
        for _ in range(30):
            losses = compute_losses(network, batch, stage="one")
            optimizer.zero_grad()
            losses["total"].backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            history.append({name: float(v.detach()) for name, v in losses.items()})
        first, last = history[0], history[-1]
        assert last["total"] < 0.7 * first["total"]
        for name in PARTS:
            assert last[name] < first[name], name

    def test_same_batch_gives_the_same_losses(self, network, batch):
        network.eval()
        assert measure(network, batch) == measure(network, batch)

    def test_target_half_outside_its_patch_is_finite(self, network, batch):
        batch.train_boxes_xywh[0, 0] = torch.tensor([-30.0, -20.0, 40.0, 50.0])
        batch.test_boxes_xywh[1, 1] = torch.tensor([80.0, 85.0, 40.0, 50.0])
        losses = compute_losses(network, batch, stage="one")
        losses["total"].backward()
        assert losses["total"].isfinite()
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(g.isfinite().all() for g in grads)

    def test_constant_images_are_finite(self, network, batch):
        batch.train_images.fill_(0.5)
        batch.test_images.fill_(0.5)
        losses = compute_losses(network, batch, stage="one")
        losses["total"].backward()
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        assert losses["total"].isfinite()
        assert all(g.isfinite().all() for g in grads)


class TestStageTwo:
    def test_loss_is_the_rectified_regression_alone(self, network, batch):
        network.eval()
        one, two = measure(network, batch), measure(network, batch, stage="two")
        assert two.keys() == {"total", "rectified"}
        assert two["total"] == pytest.approx(one["rectified"], rel=1e-5)

    def test_only_eta_moves(self, network, batch):
        network.eval()
        before = {n: p.detach().clone() for n, p in network.named_parameters()}
        optimizer = torch.optim.SGD(network.stage_parameters("two"), lr=1e-3)
        compute_losses(network, batch, stage="two")["total"].backward()
        optimizer.step()
        moved = [
            name
            for name, parameter in network.named_parameters()
            if not torch.equal(parameter, before[name])
        ]
        assert moved == ["regression.eta"]

    def test_steps_on_eta_lower_the_loss(self, network, batch):
        network.eval()
        optimizer = torch.optim.Adam(network.stage_parameters("two"), lr=0.02)
        history = []
        for _ in range(6):
            loss = compute_losses(network, batch, stage="two")["total"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(float(loss.detach()))
        assert history[-1] < history[0]


class TestSpread:
    def test_near_zero_where_features_do_not_depend_on_the_image(self, network, batch):
        """A network that answers its prior everywhere is told by this figure."""
        network.eval()
        alike = TrainingBatch(
            batch.train_images[:1].expand(3, -1, -1, -1, -1),
            batch.train_boxes_xywh,
            batch.test_images[:1, :1].expand(3, 2, -1, -1, -1),
            batch.test_boxes_xywh,
            batch.test_present,
            batch.is_plain,
        )
        same, other = measure(network, alike), measure(network, batch)
        for name in FIGURES:
            assert same[name] < 1e-6
            assert other[name] > 1e-3
