from __future__ import annotations

import pytest
import torch

from fcot_engine.config import ClassifierConfig, LossConfig, PaperNetworkConfig
from fcot_engine.errors import TrainingError
from fcot_engine.model import PaperNet
from fcot_engine.training import compute_losses
from fcot_engine.training.distillation import FrameScores, Teacher, resample_scores

CONFIG = LossConfig(iterations=2)


@pytest.fixture
def batch(small_factory):
    return small_factory.make_batch(0, 2)


@pytest.fixture
def teacher(make_lite_network):
    torch.manual_seed(11)
    return Teacher(make_lite_network(), iterations=2)


class TestResampleScores:
    def test_same_grid_is_left_as_it_is(self):
        maps = torch.rand(2, 3, 4, 5)
        assert torch.equal(resample_scores(maps, (4, 5), shift=0.0), maps)

    def test_half_a_cell_aside_is_the_mean_of_neighbours(self):
        maps = torch.tensor([[0.0, 2.0], [4.0, 6.0]])
        found = resample_scores(maps, (3, 3), shift=-0.5)
        expected = [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0], [4.0, 5.0, 6.0]]
        torch.testing.assert_close(found, torch.tensor(expected))

    def test_back_again_onto_the_smaller_grid(self):
        ramp = torch.arange(4.0) + torch.zeros(4, 1)
        found = resample_scores(ramp, (3, 3), shift=0.5)
        torch.testing.assert_close(found, torch.tensor([[0.5, 1.5, 2.5]] * 3))

    def test_other_strides_are_refused(self):
        with pytest.raises(TrainingError, match="the same strides"):
            resample_scores(torch.zeros(4, 4), (8, 8), shift=0.0)


class TestTeacher:
    def test_is_frozen(self, teacher):
        assert not teacher.network.training
        assert not any(p.requires_grad for p in teacher.network.parameters())

    def test_its_own_scores_are_no_error(self, teacher, batch):
        scores = teacher.score(batch)
        loss = teacher.compare(teacher.network, scores, batch)
        # what it calls background, below 0.05, shall not be above 0
        assert 0 <= float(loss) < 2 * 0.05**2

    def test_other_scores_are_one(self, teacher, batch):
        scores = FrameScores(*(maps + 0.5 for maps in teacher.score(batch)))
        loss = teacher.compare(teacher.network, scores, batch)
        assert float(loss) == pytest.approx(2 * 0.25, rel=0.4)

    def test_frames_without_the_target_do_not_count(self, teacher, batch):
        batch.test_present.zero_()
        scores = FrameScores(*(maps + 0.5 for maps in teacher.score(batch)))
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
            student, batch, stage="one", config=CONFIG, teacher=teacher
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
            make_lite_network(), batch, stage="one", config=CONFIG
        )

    def test_falls_while_training(self, teacher, batch, make_lite_network, tmp_path):
        """A student that is judged by the teacher alone comes close to it."""
        torch.manual_seed(2)
        student = make_lite_network().train()
        config = LossConfig(
            coarse=0, fine=0, generated=0, match=0, inner=0, inner_iterates=(),
            iterations=2,
        )  # fmt: skip
        optimizer = torch.optim.Adam(student.stage_parameters("one"), lr=3e-3)
        course = []
        for _ in range(18):
            parts = compute_losses(
                student, batch, stage="one", config=config, teacher=teacher
            )
            optimizer.zero_grad()
            parts["distilled"].backward()
            optimizer.step()
            course.append(float(parts["distilled"].detach()))
        assert course[-1] < 0.7 * course[0]
