from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fcot_engine.config import AugmentationConfig, RegressionUpdateConfig
from fcot_engine.geometry import PatchFrame
from fcot_engine.model.rectifier import measure_loss
from fcot_engine.tracker.regression import RegressionModelGenerator
from fcot_engine.tracker.samples import make_box_patches

SIDE = 128
BOX = (44.0, 48.0, 40.0, 32.0)
CONFIG = RegressionUpdateConfig(  # Eq. 4 as it stands: the centre's cell alone
    first_iterations=60,
    online_iterations=10,
    blend=0.0,
    cell_jitter=0,
    cells_per_sample=1,
)
AUGMENT = AugmentationConfig(box_patch_size=SIDE, box_samples=40, box_turn=0.02)


@pytest.fixture
def extract(network, scene):
    def extract(box):
        image = scene(box, width=SIDE, height=SIDE)[None] / 255
        return network.extract(image).for_regressor

    return extract


@pytest.fixture
def given(network, scene):
    """Features and boxes of the samples that one human box brings."""
    frame = PatchFrame((SIDE / 2, SIDE / 2), 1.0, SIDE)
    generator = torch.Generator().manual_seed(0)
    made = make_box_patches(
        scene(BOX, width=SIDE, height=SIDE), BOX, frame, AUGMENT, generator=generator
    )
    return network.extract(made.patches).for_regressor, made.boxes_xywh


@pytest.fixture
def regressor(network):
    return RegressionModelGenerator(network, CONFIG)


def cell_of(box):
    center = torch.tensor([box[0] + box[2] / 2, box[1] + box[3] / 2])
    return (center / 4).floor().long()


def find(regressor, extract, box):
    """x, y of the middle, width and height of the found box."""
    x0, y0, x1, y1 = regressor.find_box(extract(box), cell_of(box)).tolist()
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


class TestFindBox:
    def test_given_box_is_read_back(self, regressor, given, extract):
        regressor.learn_given(*given)
        assert find(regressor, extract, BOX) == pytest.approx((64, 64, 40, 32), abs=1.5)

    @pytest.mark.parametrize("shift", [(8.0, -4.0), (5.5, 2.25), (-10.3, -7.8)])
    def test_box_follows_the_target(self, regressor, given, extract, shift):
        regressor.learn_given(*given)
        box = (BOX[0] + shift[0], BOX[1] + shift[1], *BOX[2:])
        expected = 64 + shift[0], 64 + shift[1], 40, 32
        assert find(regressor, extract, box) == pytest.approx(expected, abs=2.5)

    @pytest.mark.parametrize("zoom", [0.85, 1.2])
    def test_change_of_size_is_seen(self, regressor, given, extract, zoom):
        regressor.learn_given(*given)
        w, h = 40 * zoom, 32 * zoom
        box = (64 - w / 2, 64 - h / 2, w, h)
        *_, found_w, found_h = find(regressor, extract, box)
        seen = (found_w * found_h / (40 * 32)) ** 0.5
        assert abs(seen - zoom) < 0.5 * abs(1 - zoom)


class TestLearnGiven:
    def test_rectifier_lowers_the_loss_of_the_generated_model(self, network, given):
        losses = []
        for iterations in (0, 1, 5, 60):
            regressor = RegressionModelGenerator(
                network, replace(CONFIG, first_iterations=iterations)
            )
            regressor.learn_given(*given)
            (part,) = regressor._given
            inputs = regressor._join(part.learned, part.detail)
            weights = inputs.new_full((len(inputs),), 1 / len(inputs))
            losses.append(
                float(
                    measure_loss(
                        regressor.current_model(),
                        inputs,
                        part.targets,
                        weights,
                        eta=network.regression.eta,
                    )
                )
            )
        assert losses == sorted(losses, reverse=True)
        assert losses[-1] < 0.5 * losses[0]

    def test_second_human_box_is_learned_beside_the_first(
        self, regressor, given, network, scene, extract
    ):
        regressor.learn_given(*given)
        before = regressor.current_model()
        wide = (29.0, 52.0, 70.0, 24.0)
        frame = PatchFrame((SIDE / 2, SIDE / 2), 1.0, SIDE)
        made = make_box_patches(
            scene(wide, width=SIDE, height=SIDE),
            wide,
            frame,
            AUGMENT,
            generator=torch.Generator().manual_seed(1),
        )
        features = network.extract(made.patches).for_regressor
        regressor.learn_given(features, made.boxes_xywh)
        assert regressor.n_given == 2
        assert not torch.equal(regressor.current_model(), before)
        assert find(regressor, extract, wide) == pytest.approx((64, 64, 70, 24), abs=5)
        assert find(regressor, extract, BOX) == pytest.approx((64, 64, 40, 32), abs=5)

    def test_same_samples_give_the_same_model(self, network, given):
        models = []
        for _ in range(2):
            regressor = RegressionModelGenerator(network, CONFIG)
            regressor.learn_given(*given)
            models.append(regressor.current_model())
        assert torch.equal(*models)


class TestBlend:
    def learn(self, network, given, extract, blend):
        regressor = RegressionModelGenerator(network, replace(CONFIG, blend=blend))
        regressor.learn_given(*given)
        larger = torch.tensor([[39.0, 44.0, 50.0, 40.0]])
        regressor.learn_tracked(extract(tuple(larger[0].tolist())), larger)
        return regressor

    def test_current_model_is_between_static_and_online(self, network, given, extract):
        static, half, online = (
            self.learn(network, given, extract, blend).current_model()
            for blend in (0.0, 0.5, 1.0)
        )
        assert not torch.allclose(static, online)
        torch.testing.assert_close(half, 0.5 * static + 0.5 * online)

    def test_without_blend_tracked_frames_change_nothing(self, network, given, extract):
        plain = RegressionModelGenerator(network, CONFIG)
        plain.learn_given(*given)
        tracked = self.learn(network, given, extract, 0.0)
        assert torch.equal(plain.current_model(), tracked.current_model())

    def test_human_box_puts_the_online_model_away(self, network, given, extract):
        regressor = self.learn(network, given, extract, 1.0)
        online = regressor.current_model()
        regressor.learn_given(*given)
        static = regressor.current_model()
        assert not torch.allclose(static, online)
        assert regressor._online is None


class TestCellsBesideTheCenter:
    def test_a_peak_beside_the_center_still_gives_the_box(
        self, network, given, extract
    ):
        def error(config, step):
            regressor = RegressionModelGenerator(network, config)
            regressor.learn_given(*given)
            cell = cell_of(BOX) + torch.tensor(step)
            x0, _, x1, _ = regressor.find_box(extract(BOX), cell).tolist()
            return abs((x0 + x1) / 2 - 64)

        alone = replace(CONFIG, cells_per_sample=1)
        beside = replace(
            CONFIG, cells_per_sample=3, cell_jitter=2, first_iterations=150
        )
        for step in ((1, 0), (-1, 0), (2, 0)):
            assert error(beside, step) < error(alone, step)
            assert error(beside, step) < 0.75 * 4 * abs(step[0])  # of the way off
