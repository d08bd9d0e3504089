from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fcot_engine.config import (
    AugmentationConfig,
    PaperNetworkConfig,
    RegressionUpdateConfig,
)
from fcot_engine.geometry import PatchFrame
from fcot_engine.model import PaperNet, rectify
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


class TestBlend:
    def learn(self, network, given, extract, blend):
        regressor = RegressionModelGenerator(network, replace(CONFIG, blend=blend))
        regressor.learn_given(*given)
        larger = torch.tensor([[39.0, 44.0, 50.0, 40.0]])
        regressor.learn_tracked(extract(tuple(larger[0].tolist())), larger)
        return regressor

    def test_without_blend_tracked_frames_change_nothing(self, network, given, extract):
        plain = RegressionModelGenerator(network, CONFIG)
        plain.learn_given(*given)
        tracked = self.learn(network, given, extract, 0.0)
        assert torch.equal(plain.current_model(), tracked.current_model())


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


# --- the switches for Tables II and III

TRACKED = (39.0, 44.0, 50.0, 40.0)
SWITCHED = RegressionUpdateConfig(
    first_iterations=20, online_iterations=10, cell_jitter=1, cells_per_sample=2
)


@pytest.fixture
def tracked(network, scene):
    """Two tracked samples, the target larger than it was given."""
    image = scene(TRACKED, width=SIDE, height=SIDE)[None] / 255
    features = network.extract(image.repeat(2, 1, 1, 1)).for_regressor
    return features, torch.tensor([TRACKED, TRACKED])


def learn(network, given, **changes):
    regressor = RegressionModelGenerator(network, replace(SWITCHED, **changes))
    regressor.learn_given(*given)
    return regressor


def first_of(features):
    return type(features)(*(None if m is None else m[:1] for m in features))


class TestStaticModel:
    def test_generated_is_the_filter_of_the_unchanged_sample(self, network, given):
        features, boxes = given
        expected = network.regression.generate(first_of(features), boxes[:1])
        regressor = learn(network, given, static_model="generated")
        torch.testing.assert_close(regressor.current_model(), expected)

    def test_rectified_starts_there(self, network, given):
        generated = learn(network, given, static_model="generated")
        rectified = learn(network, given, static_model="rectified")
        without_steps = learn(network, given, first_iterations=0)
        assert torch.equal(without_steps.current_model(), generated.current_model())
        assert not torch.allclose(rectified.current_model(), generated.current_model())


class TestOnlineUpdate:
    def test_off_keeps_the_static_model(self, network, given, tracked):
        regressor = learn(network, given, online_update="off")
        static = regressor.current_model()
        regressor.learn_tracked(*tracked)
        assert torch.equal(regressor.current_model(), static)

    def test_rmg_rectifies_the_generated_model_on_given_samples_alone(
        self, network, given, tracked
    ):
        regressor = learn(network, given, online_update="rmg", blend=1.0)
        regressor.learn_tracked(*tracked)
        rows = regressor._given[0]
        inputs = regressor._join(rows.learned, rows.detail)
        expected = rectify(
            network.regression.generate(*tracked),
            inputs,
            rows.targets,
            inputs.new_full((len(inputs),), 1 / len(inputs)),
            eta=network.regression.eta,
            iterations=SWITCHED.online_iterations,
        )
        torch.testing.assert_close(regressor.current_model(), expected)
        assert regressor.n_tracked == 0


class TestTrad:
    def test_goes_on_from_its_own_last_filter(self, network, given, tracked):
        short = learn(
            network, given, online_update="trad", blend=1.0, trad_sample_weight=0.0
        )
        long = learn(network, given, first_iterations=SWITCHED.first_iterations + 20)
        for _ in range(2):  # with no weight on tracked samples: 2 x 10 more steps
            short.learn_tracked(*tracked)
        torch.testing.assert_close(short.current_model(), long.current_model())

    def test_tracked_boxes_are_learned_from(self, network, given, tracked):
        features, boxes = tracked
        cell = torch.tensor([16, 16])  # the middle of the tracked box
        found = {}
        for update in ("off", "trad"):
            regressor = learn(
                network,
                given,
                online_update=update,
                blend=1.0,
                online_iterations=100,
                trad_sample_weight=1.0,
            )
            regressor.learn_tracked(features, boxes)
            corners = regressor.find_box(first_of(features), cell)
            found[update] = float(corners[2] - corners[0])
        assert abs(found["trad"] - 50) < 0.5 * abs(found["off"] - 50)

    def test_blend_mixes_with_the_static_model(self, network, given, tracked):
        models = []
        for blend in (0.0, 0.4, 1.0):
            regressor = learn(network, given, online_update="trad", blend=blend)
            regressor.learn_tracked(*tracked)
            models.append(regressor.current_model())
        static, mixed, online = models
        assert not torch.allclose(static, online)
        torch.testing.assert_close(mixed, 0.4 * online + 0.6 * static)

    def test_memory_is_bounded(self, network, given, tracked):
        regressor = learn(network, given, online_update="trad", trad_memory=3)
        counts = []
        for _ in range(3):
            regressor.learn_tracked(*tracked)
            counts.append(regressor.n_tracked)
        assert counts == [2, 3, 3]

    def test_oldest_sample_leaves_first(self, network, given, tracked):
        regressor = learn(network, given, online_update="trad", trad_memory=2)
        features, boxes = tracked
        for shift in (0.0, 1.0, 2.0):
            moved = boxes[:1] + torch.tensor([0.0, 0.0, shift, 0.0])
            regressor.learn_tracked(first_of(features), moved)
        cells = SWITCHED.cells_per_sample
        unit = network.regression.offset_unit_px
        widths = [
            float((rows.targets[:, 0] + rows.targets[:, 1]).mean() * unit)
            for rows in regressor._tracked
        ]
        assert widths == pytest.approx([51.0, 52.0])
        assert all(len(rows.targets) == cells for rows in regressor._tracked)

    def test_human_box_forgets_tracked_samples(self, network, given, tracked):
        regressor = learn(network, given, online_update="trad", blend=1.0)
        regressor.learn_tracked(*tracked)
        regressor.learn_given(*given)
        assert regressor.n_tracked == 0
        fresh = learn(network, given)
        fresh.learn_given(*given)
        assert torch.equal(regressor.current_model(), fresh.current_model())


class TestGivenCapacity:
    def learn_many(self, network, given, n_boxes, **changes):
        regressor = learn(network, given, **changes)
        for _ in range(n_boxes - 1):
            regressor.learn_given(*given)
        return regressor

    def test_samples_kept_are_bounded(self, network, given):
        regressor = self.learn_many(network, given, 5, given_capacity=20)
        kept = [len(rows.targets) for rows in regressor._given]
        assert sum(kept) == 20 * SWITCHED.cells_per_sample
        assert regressor.n_given == len(kept) == 5

    def test_unchanged_sample_of_each_box_stays(self, network, given):
        regressor = self.learn_many(network, given, 3, given_capacity=4)
        n_samples = len(given[1])
        whole = learn(network, given)._given[0]
        for rows in regressor._given:
            kept = len(rows.targets) // SWITCHED.cells_per_sample
            assert kept < n_samples
            assert torch.equal(rows.targets[::kept], whole.targets[::n_samples])
            assert torch.equal(rows.detail[::kept], whole.detail[::n_samples])

    def test_more_boxes_than_places(self, network, given):
        regressor = self.learn_many(network, given, 4, given_capacity=2)
        assert [len(rows.targets) for rows in regressor._given] == [2, 2]
        assert regressor.n_given == 4


class TestSampleWeights:
    def test_each_human_box_weighs_the_same(self, network, given):
        features, boxes = given
        regressor = learn(network, given)
        regressor.learn_given(first_of(features), boxes[:1])  # a single sample
        weights = regressor._weigh([])
        few = SWITCHED.cells_per_sample
        assert float(weights[:-few].sum()) == pytest.approx(0.5)
        assert float(weights[-few:].sum()) == pytest.approx(0.5)

    def test_unchanged_sample_may_weigh_more(self, network, given):
        n_samples = len(given[1])
        regressor = learn(network, given, unchanged_weight=3.0)
        weights = regressor._weigh([]).view(SWITCHED.cells_per_sample, n_samples)
        torch.testing.assert_close(weights[:, 0], 3 * weights[:, 1])
        torch.testing.assert_close(weights[:, 1], weights[:, -1])

    def test_tracked_sample_weighs_a_part_of_a_human_box(self, network, given, tracked):
        regressor = learn(network, given, online_update="trad")
        regressor.learn_tracked(*tracked)
        weights = regressor._weigh(list(regressor._tracked))
        n_given = len(regressor._given[0].targets)
        share = float(weights[n_given:].sum() / weights[:n_given].sum())
        assert share == pytest.approx(2 / 23)


@pytest.fixture(scope="module")
def paper_network():
    """The paper's kind of network, small and without training."""
    torch.manual_seed(3)
    small = replace(PaperNetworkConfig().fine, channels=8)
    config = PaperNetworkConfig(
        depth=18,
        decoder_width=8,
        head_width=8,
        groups=2,
        coarse=small,
        fine=small,
        regression_channels=8,
    )
    return PaperNet(config).eval().requires_grad_(False)


class TestBranchOfThePaper:
    """No constant input, no fixed features, offsets of at least 0."""

    @pytest.fixture
    def samples(self, paper_network, scene):
        image = scene(BOX, width=SIDE, height=SIDE)[None] / 255
        patches = torch.cat([image, image.roll(6, -1), image.roll(-5, -2)])
        boxes = torch.tensor([BOX] * 3)
        boxes[1, 0] += 6
        boxes[2, 1] -= 5
        return paper_network.extract(patches).for_regressor, boxes

    @pytest.mark.parametrize("update", ["rmg", "trad"])
    def test_online_update_blends_filters(self, paper_network, samples, update):
        regressor = learn(paper_network, samples, online_update=update, blend=0.6)
        static = regressor.current_model()
        regressor.learn_tracked(first_of(samples[0]), samples[1][:1])
        online = regressor._online
        assert static.shape == (4, 8 * 3 * 3)
        assert not torch.allclose(online, static)
        expected = 0.6 * online + 0.4 * static
        torch.testing.assert_close(regressor.current_model(), expected)

    def test_rectifier_brings_the_given_box(self, paper_network, samples):
        errors = []
        for iterations in (0, 200):
            regressor = learn(
                paper_network,
                samples,
                first_iterations=iterations,
                cell_jitter=0,
                cells_per_sample=1,
            )
            corners = regressor.find_box(first_of(samples[0]), torch.tensor([16, 16]))
            errors.append(float((corners - torch.tensor([44.0, 48, 84, 80])).norm()))
        assert errors[1] < 0.2 * errors[0]

    def test_offsets_below_zero_count_as_zero(self, paper_network, samples):
        regressor = learn(paper_network, samples)
        regressor._static = -regressor._static  # answers the negative of each offset
        corners = regressor.find_box(first_of(samples[0]), torch.tensor([16, 16]))
        assert corners[:2].max() <= 66 <= corners[2:].min()
