from __future__ import annotations

import pytest
import torch

from fcot_engine.config import (
    PAPER_LOSSES,
    ClassifierConfig,
    LossConfig,
    PaperNetworkConfig,
)
from fcot_engine.errors import TrainingError
from fcot_engine.model import PaperNet
from fcot_engine.training import Teacher, TrainingBatch, compute_losses
from fcot_engine.training.distillation import resample_scores

SIDE = 96
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
def network(make_lite_network):
    torch.manual_seed(2)
    return make_lite_network().train()


@pytest.fixture
def batch():
    return make_batch()


def measure(network, batch, stage="one"):
    """The losses as plain numbers."""
    losses = compute_losses(network, batch, stage=stage)
    return {name: float(value.detach()) for name, value in losses.items()}


class TestComputeLosses:
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
        optimizer = torch.optim.AdamW(network.stage_parameters("one"), lr=1e-3)
        history = []
        for _ in range(20):
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


class TestAbsentTargets:
    def test_where_the_box_of_a_hidden_target_lies_does_not_matter(
        self, network, batch
    ):
        network.eval()
        batch.test_present[0] = False
        before = measure(network, batch)
        batch.test_boxes_xywh[0] = torch.tensor([3.0, 60.0, 30.0, 20.0])
        assert measure(network, batch) == before

    def test_no_target_at_all_leaves_boxes_and_matching_without_loss(
        self, network, batch
    ):
        batch.test_present[:] = False
        losses = compute_losses(network, batch, stage="one")
        losses["total"].backward()
        for name in ("generated", "rectified", "match_coarse", "match_fine"):
            assert losses[name] == 0
        grads = [p.grad for p in network.parameters() if p.grad is not None]
        assert all(g.isfinite().all() for g in grads)


def assert_close_in_half_precision(network, batch, config):
    """What runs on a GPU: autocast to bfloat16."""
    full = compute_losses(network, batch, stage="one", config=config)
    with torch.autocast("cpu", torch.bfloat16):
        half = compute_losses(network, batch, stage="one", config=config)
    half["total"].backward()
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    assert all(g.isfinite().all() for g in grads)
    torch.testing.assert_close(half["total"], full["total"], rtol=0.05, atol=0)


def test_half_precision_gives_nearly_the_same(network, batch):
    assert_close_in_half_precision(network, batch, LossConfig())


class TestWeights:
    def test_first_and_inner_filters_count_where_they_are_asked_for(
        self, network, batch
    ):
        network.eval()
        with torch.no_grad():
            last, start, both = (
                compute_losses(network, batch, stage="one", config=config)["fine"]
                for config in (
                    LossConfig(inner=0.0),
                    LossConfig(inner=0.0, start=2.0),
                    LossConfig(inner=1.0, start=2.0, inner_iterates=(1, 2, 3)),
                )
            )
        assert last < start < both


class TestPaperNetwork:
    @pytest.fixture
    def network(self):
        torch.manual_seed(1)
        small = {"distance_bins": 20, "bin_width": 0.5, "initialiser": "box"}
        config = PaperNetworkConfig(
            depth=18,
            decoder_width=16,
            head_width=8,
            groups=4,
            coarse=ClassifierConfig(
                channels=12, filter_side=4, label_sigma=0.9, mask_slope=1.0, **small
            ),
            fine=ClassifierConfig(
                channels=10, filter_side=4, label_sigma=0.9, mask_slope=1.0, **small
            ),
            regression_channels=12,
        )
        return PaperNet(config).train()

    @pytest.mark.slow
    def test_steps_with_the_losses_of_the_paper_lower_them(self, network):
        batch = make_batch(count=2)
        optimizer = torch.optim.AdamW(network.stage_parameters("one"), lr=1e-3)
        totals = []
        for _ in range(5):
            losses = compute_losses(network, batch, stage="one", config=PAPER_LOSSES)
            optimizer.zero_grad()
            losses["total"].backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            totals.append(float(losses["total"].detach()))
        assert min(totals[-2:]) < totals[0]

    def test_half_precision_gives_nearly_the_same(self, network):
        assert_close_in_half_precision(network, make_batch(count=2), PAPER_LOSSES)


DISTILLING = LossConfig(iterations=2)


@pytest.fixture
def teacher(make_lite_network):
    torch.manual_seed(11)
    return Teacher(make_lite_network(), iterations=2)


class TestResampleScores:
    def test_half_a_cell_aside_is_the_mean_of_neighbours(self):
        maps = torch.tensor([[0.0, 2.0], [4.0, 6.0]])
        found = resample_scores(maps, (3, 3), shift=-0.5)
        expected = [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
        torch.testing.assert_close(found, torch.tensor(expected))

    def test_other_strides_are_refused(self):
        with pytest.raises(TrainingError, match="the same strides"):
            resample_scores(torch.zeros(4, 4), (8, 8), shift=0.0)


class TestTeacher:
    def test_its_own_scores_are_no_error(self, teacher, batch):
        scores = teacher.score(batch)
        loss = teacher.compare(teacher.network, scores, batch)
        # what it calls background, below 0.05, shall not be above 0
        assert 0 <= float(loss) < 2 * 0.05**2

    def test_other_scores_are_one(self, teacher, batch):
        scores = [maps + 0.5 for maps in teacher.score(batch)]
        loss = teacher.compare(teacher.network, scores, batch)
        assert float(loss) == pytest.approx(2 * 0.25, rel=0.4)

    def test_frames_without_the_target_do_not_count(self, teacher, batch):
        batch.test_present.zero_()
        scores = [maps + 0.5 for maps in teacher.score(batch)]
        assert float(teacher.compare(teacher.network, scores, batch)) == 0

    def test_teaches_a_network_with_another_grid(self, teacher, batch):
        torch.manual_seed(3)
        sizes = {"label_sigma": 0.9, "mask_slope": 1.0, "initialiser": "box"}
        student = PaperNet(
            PaperNetworkConfig(
                depth=18,
                decoder_width=8,
                head_width=8,
                groups=4,
                deformable=False,
                coarse=ClassifierConfig(channels=8, filter_side=4, **sizes),
                fine=ClassifierConfig(channels=8, filter_side=4, **sizes),
                regression_channels=8,
            )
        ).train()
        parts = compute_losses(
            student, batch, stage="one", config=DISTILLING, teacher=teacher
        )
        assert parts["distilled"].isfinite() and parts["distilled"] > 0


class TestDistilledLoss:
    def test_is_a_part_of_the_total_with_its_own_weight(
        self, teacher, batch, make_lite_network
    ):
        torch.manual_seed(2)
        student = make_lite_network().eval()
        totals, parts = [], []
        for weight in (0.0, 50.0):
            config = LossConfig(iterations=2, distilled=weight)
            found = compute_losses(
                student, batch, stage="one", config=config, teacher=teacher
            )
            totals.append(float(found["total"].detach()))
            parts.append(float(found["distilled"].detach()))
        assert parts[0] == 0 and parts[1] > 0
        assert totals[1] - totals[0] == pytest.approx(parts[1], rel=1e-3)

    def test_without_a_teacher_there_is_none(self, batch, make_lite_network):
        assert "distilled" not in compute_losses(
            make_lite_network(), batch, stage="one", config=DISTILLING
        )
