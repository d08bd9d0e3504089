from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fcot_engine.config import (
    BackboneConfig,
    ClassificationUpdateConfig,
    ClassifierConfig,
    LocalisationConfig,
    NetworkConfig,
    RegressorConfig,
)
from fcot_engine.model import LiteNet
from fcot_engine.tracker.classifier import OnlineClassifier, RejectedSamples

SIDE = 128
UPDATE = ClassificationUpdateConfig(
    first_iterations=8,
    correction_iterations=4,
    update_iterations=2,
    memory_size=3,
    learning_rate=0.3,
)
BOX = (44.0, 48.0, 40.0, 32.0)


@pytest.fixture
def extract(network, scene):
    def extract(*boxes):
        scenes = [scene(box, width=SIDE, height=SIDE) for box in boxes]
        return network.extract(torch.stack(scenes) / 255)

    return extract


@pytest.fixture
def classifier(network):
    return OnlineClassifier(network, UPDATE, LocalisationConfig())


def moved(dx, dy):
    return (BOX[0] + dx, BOX[1] + dy, *BOX[2:])


def learn(classifier, extract, *boxes):
    classifier.learn_given(extract(*boxes), torch.tensor(boxes))


def peak_xy(scores, *, stride=4):
    row, column = divmod(int(scores.argmax()), scores.shape[1])
    return (column + 0.5) * stride, (row + 0.5) * stride


class TestScore:
    @pytest.mark.parametrize("shift", [(0, 0), (8, -4), (-20, 16), (22.5, 18.3)])
    def test_every_map_peaks_on_the_moved_target(self, classifier, extract, shift):
        learn(classifier, extract, BOX, moved(12, 8), moved(-12, -16))
        scores = classifier.score(extract(moved(*shift)))
        for name, stride, within in (
            ("fused", 4, 8),
            ("fine", 4, 8),
            ("coarse", 16, 16),
        ):
            x, y = peak_xy(getattr(scores, name), stride=stride)
            assert abs(x - BOX[0] - BOX[2] / 2 - shift[0]) < within
            assert abs(y - BOX[1] - BOX[3] / 2 - shift[1]) < within

    def test_each_map_has_the_cells_of_its_stride(self, classifier, extract):
        learn(classifier, extract, BOX)
        scores = classifier.score(extract(BOX))
        assert scores.fused.shape == scores.fine.shape == (SIDE // 4, SIDE // 4)
        assert scores.coarse.shape == (SIDE // 16, SIDE // 16)
        assert (scores.first_cell_px, scores.first_coarse_px) == (2, 8)

    def test_fused_is_the_weighted_sum(self, network, extract):
        fused = []
        for weights in ((0.3, 0.0), (0.0, 0.9), (0.3, 0.9)):
            place = LocalisationConfig(coarse_weight=weights[0], fine_weight=weights[1])
            classifier = OnlineClassifier(network, UPDATE, place)
            learn(classifier, extract, BOX)
            fused.append(classifier.score(extract(BOX)).fused)
        torch.testing.assert_close(fused[2], fused[0] + fused[1])

    @pytest.mark.parametrize("side", [3, 4], ids=["cell_centres", "cell_corners"])
    def test_coarse_peak_lies_where_the_fused_map_has_it(self, side):
        scale = {"channels": 2, "label_sigma": 1.0, "mask_slope": 0.5}
        config = NetworkConfig(
            backbone=BackboneConfig(
                widths=(4, 6, 8), blocks=(1, 1, 1), decoder_width=6
            ),
            coarse=ClassifierConfig(filter_side=side, **scale),
            fine=ClassifierConfig(filter_side=side + 2, **scale),
            regressor=RegressorConfig(channels=4),
        )
        network = LiteNet(config).eval().requires_grad_(False)
        classifier = OnlineClassifier(network, UPDATE, LocalisationConfig())
        classifier._coarse._filter = torch.zeros(2 + 4 * 43, side, side)
        classifier._coarse._filter[0, 1, 1] = 1
        classifier._fine._filter = torch.zeros(2 + 43, side + 2, side + 2)
        maps = network.extract(torch.rand(1, 3, SIDE, SIDE))
        maps = maps._replace(coarse=torch.zeros_like(maps.coarse))
        maps.coarse[0, 0, 3, 5] = 1
        scores = classifier.score(maps)
        (cell,) = torch.nonzero(scores.coarse > 0).double()
        fused = scores.fused.clamp(min=0).double()
        places = torch.arange(len(fused)).double() * 4 + scores.first_cell_px
        around = torch.stack([fused.sum(1) @ places, fused.sum(0) @ places])
        torch.testing.assert_close(
            around / fused.sum(), cell * 16 + scores.first_coarse_px, atol=1e-3, rtol=0
        )


def track(classifier, features, box, *, hard_negative):
    """Take in a tracked frame and everything that is to be computed for it."""
    steps = classifier.remember_tracked(
        features, torch.tensor(box), hard_negative=hard_negative
    )
    assert steps > 0
    for _ in range(steps):
        classifier.optimise_once()


class TestLearn:
    def test_score_on_the_target_is_near_one_after_the_first_box(
        self, classifier, extract
    ):
        learn(classifier, extract, BOX, moved(12, 8), moved(-12, -16))
        fused = classifier.score(extract(BOX)).fused
        assert 0.5 < float(fused.max()) < 1.3

    def test_tracked_sample_enters_the_memory_and_moves_the_filters(
        self, classifier, extract
    ):
        learn(classifier, extract, BOX)
        features = extract(moved(9, 9))
        before = classifier.score(features).fused
        track(classifier, features, moved(9, 9), hard_negative=False)
        assert len(classifier.memory) == 2
        assert not torch.equal(classifier.score(features).fused, before)

    def test_given_samples_outlive_the_tracked_ones(self, classifier, extract):
        learn(classifier, extract, BOX, moved(12, 8))
        features = extract(moved(9, 9))
        for _ in range(8):
            track(classifier, features, moved(9, 9), hard_negative=True)
        assert len(classifier.memory) == 2 + UPDATE.memory_size
        assert classifier.memory.given_weight() >= UPDATE.given_share - 1e-6


class TestRejected:
    """The scene has one square; another place of it is said not to be the target."""

    def learn(self, network, extract, rejected):
        classifier = OnlineClassifier(network, UPDATE, LocalisationConfig())
        learn(classifier, extract, BOX)
        boxes = (BOX, moved(8, 4))
        classifier.learn_given(extract(*boxes), torch.tensor(boxes), rejected)
        return classifier

    def reject(self, extract):
        """A patch with the square in its middle, the target far outside."""
        far = torch.tensor([[BOX[0] + 500.0, *BOX[1:]]])
        return RejectedSamples(extract(BOX), far)

    def test_scores_there_are_pushed_down(self, network, extract):
        plain = self.learn(network, extract, None)
        taught = self.learn(network, extract, self.reject(extract))
        best = [float(c.score(extract(BOX)).fused.max()) for c in (plain, taught)]
        assert best[1] < best[0] - 0.1

    def test_each_counts_as_much_as_a_human_box(self, network, extract):
        memory = self.learn(network, extract, self.reject(extract)).memory
        weights = memory.weights().tolist()  # first box, rejected place, second box
        assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6])

    def test_human_box_is_newer_than_what_it_rejects(self, network, extract):
        memory = self.learn(network, extract, self.reject(extract)).memory
        assert memory.boxes_xywh()[1, 0] == BOX[0] + 500
        torch.testing.assert_close(memory.boxes_xywh()[-1], torch.tensor(moved(8, 4)))

    def test_first_box_stays_the_first(self, classifier, extract):
        classifier.learn_given(extract(BOX), torch.tensor([BOX]), self.reject(extract))
        torch.testing.assert_close(classifier.memory.boxes_xywh()[0], torch.tensor(BOX))

    def test_memory_stays_bounded(self, network, extract):
        update = replace(UPDATE, given_capacity=5)
        classifier = OnlineClassifier(network, update, LocalisationConfig())
        rejected = self.reject(extract)
        for _ in range(4):
            boxes = (BOX, moved(8, 4))
            classifier.learn_given(extract(*boxes), torch.tensor(boxes), rejected)
            assert len(classifier.memory) <= 5
        torch.testing.assert_close(classifier.memory.boxes_xywh()[0], torch.tensor(BOX))
