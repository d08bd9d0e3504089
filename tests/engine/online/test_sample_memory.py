from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.tracker.memory import SampleMemory

BOX = torch.tensor([1.0, 2.0, 3.0, 4.0])


def features(value, count=1):
    """Coarse and fine maps of `count` samples, all of one value."""
    return torch.full((count, 3, 2, 2), float(value)), torch.full(
        (count, 2, 8, 8), float(value)
    )


def numbered(values):
    """Coarse and fine maps, one sample for each value."""
    value = values[:, None, None, None]
    return value.expand(-1, 3, 2, 2), value.expand(-1, 2, 8, 8)


def add_given(memory, value, count=2):
    memory.add_given(*features(value, count), BOX.expand(count, 4))


def add_tracked(memory, value, rate=0.1):
    memory.add_tracked(*features(value), BOX, rate=rate)


def values(memory):
    """The values that the samples were made with, in order."""
    return memory.coarse()[:, 0, 0, 0].tolist()


@pytest.fixture
def memory():
    return SampleMemory(4, given_share=0.25, given_capacity=92)


class TestWeights:
    def test_given_samples_share_evenly(self, memory):
        add_given(memory, 1, count=4)
        torch.testing.assert_close(memory.weights(), torch.full((4,), 0.25))
        assert memory.weights().dtype == torch.float32
        assert memory.given_weight() == pytest.approx(1.0)

    def test_follow_the_rule_of_sample_weights(self, memory):
        add_given(memory, 1)
        add_tracked(memory, 2, rate=0.2)
        total = 1 / 0.8 + 0.2  # the first tracked sample: SampleWeights
        expected = torch.tensor([0.5 / 0.8, 0.5 / 0.8, 0.2]) / total
        torch.testing.assert_close(memory.weights(), expected)

    def test_sum_is_one_and_the_given_keep_their_share_whatever_comes(self, memory):
        generator = torch.Generator().manual_seed(0)
        add_given(memory, 0)
        for step in range(200):
            if step % 50 == 20:
                add_given(memory, 0, count=3)
            rate = float(torch.rand((), generator=generator) * 0.9)
            add_tracked(memory, step, rate=rate)
            weights = memory.weights()
            assert float(weights.sum()) == pytest.approx(1.0, abs=1e-5)
            assert float(weights.min()) >= 0
            assert memory.given_weight() >= 0.25 - 1e-6

    def test_second_human_box_counts_as_much_as_the_first(self, memory):
        add_given(memory, 1, count=2)
        add_tracked(memory, 5, rate=0.5)
        add_given(memory, 2, count=4)
        weights = memory.weights()
        assert float(weights[:2].sum()) == pytest.approx(float(weights[3:].sum()))

    def test_tracked_samples_alone_sum_to_one(self, memory):
        add_tracked(memory, 1, rate=0.3)
        add_tracked(memory, 2, rate=0.3)
        assert float(memory.weights().sum()) == pytest.approx(1.0)


class TestCapacity:
    def test_given_samples_are_never_dropped(self, memory):
        add_given(memory, -1)
        for step in range(30):
            add_tracked(memory, step, rate=0.5)
        add_given(memory, -2, count=3)
        for step in range(30):
            add_tracked(memory, step, rate=0.5)
        assert values(memory).count(-1) == 2
        assert values(memory).count(-2) == 3
        assert len(memory) == 2 + 3 + 4

    def test_tracked_sample_of_least_weight_makes_room(self, memory):
        add_given(memory, -1)
        for value, rate in ((1, 0.3), (2, 0.02), (3, 0.3), (4, 0.3)):
            add_tracked(memory, value, rate=rate)
        add_tracked(memory, 5, rate=0.1)
        assert values(memory) == [-1, -1, 5, 2, 3, 4]  # each outweighs the one before

    def test_bytes_stay_bounded(self, memory):
        add_given(memory, -1)
        for step in range(10):
            add_tracked(memory, step)
        full = memory.nbytes
        for step in range(1000):
            add_tracked(memory, step)
        assert memory.nbytes == full
        assert len(memory) == 6

    def test_half_precision_takes_two_bytes_a_value(self, memory):
        add_given(memory, 1, count=2)
        boxes = 2 * 4 * 4
        assert memory.nbytes == 2 * 2 * (3 * 2 * 2 + 2 * 8 * 8) + boxes


class TestGivenCapacity:
    @pytest.fixture
    def memory(self):
        return SampleMemory(3, given_share=0.25, given_capacity=8)

    def test_augmentations_are_thinned_out_evenly(self, memory):
        first = torch.arange(6.0)
        memory.add_given(*numbered(first), BOX.expand(6, 4))
        memory.add_given(*numbered(first + 10), BOX.expand(6, 4))
        assert values(memory) == [0, 1, 3, 4, 10, 11, 13, 14]

    def test_unchanged_sample_of_each_human_box_stays_longest(self, memory):
        for box in range(8):
            memory.add_given(*numbered(torch.arange(6.0) + 10 * box), BOX.expand(6, 4))
        assert values(memory) == [10 * box for box in range(8)]

    def test_then_the_oldest_go_but_the_very_first(self, memory):
        for box in range(20):
            memory.add_given(*numbered(torch.arange(6.0) + 10 * box), BOX.expand(6, 4))
        assert values(memory) == [0, *range(130, 200, 10)]

    def test_each_human_box_that_is_left_weighs_the_same(self, memory):
        for box in range(3):
            memory.add_given(*numbered(torch.arange(6.0) + 10 * box), BOX.expand(6, 4))
        by_box = {0: 0.0, 1: 0.0, 2: 0.0}
        pairs = zip(values(memory), memory.weights().tolist(), strict=True)
        for value, weight in pairs:
            by_box[int(value) // 10] += weight
        assert list(by_box.values()) == pytest.approx([1 / 3] * 3)

    def test_tracked_samples_stay_with_their_boxes_and_weights(self, memory):
        add_given(memory, -1, count=6)
        for step in (1, 2, 3):
            memory.add_tracked(*features(step), torch.full((4,), float(step)), rate=0.2)
        before = memory.weights()[6:]
        add_given(memory, -2, count=6)
        assert values(memory) == [-1] * 4 + [1, 2, 3] + [-2] * 4
        assert memory.boxes_xywh()[4:7, 0].tolist() == [1, 2, 3]
        after = memory.weights()[4:7]
        torch.testing.assert_close(after / after[0], before / before[0])

    def test_bytes_stay_bounded_whatever_a_person_draws(self, memory):
        sample = 2 * (3 * 2 * 2 + 2 * 8 * 8) + 4 * 4
        for step in range(200):
            add_given(memory, -1, count=step % 20 + 1)
            add_tracked(memory, step, rate=0.3)
            assert memory.nbytes <= (3 + 8) * sample
        assert len(memory) == 3 + 8


class TestForgetTracked:
    def test_given_samples_stay_and_share_the_whole_weight(self, memory):
        add_given(memory, -1)
        add_tracked(memory, 1)
        add_given(memory, -2)
        add_tracked(memory, 2)
        memory.forget_tracked()
        assert values(memory) == [-1, -1, -2, -2]
        assert float(memory.weights().sum()) == pytest.approx(1.0)
        assert memory.given_weight() == pytest.approx(1.0)


class TestContents:
    def test_features_come_back_as_they_were_to_half_precision(self, memory):
        coarse, fine = torch.randn(2, 3, 2, 2), torch.randn(2, 2, 8, 8)
        boxes = torch.rand(2, 4)
        memory.add_given(coarse, fine, boxes)
        assert torch.equal(memory.coarse(), coarse.half())
        assert torch.equal(memory.fine(), fine.half())
        assert torch.equal(memory.boxes_xywh(), boxes)

    def test_boxes_stay_with_their_features(self, memory):
        add_given(memory, -1)
        for step in range(20):
            box = torch.full((4,), float(step))
            memory.add_tracked(*features(step), box, rate=0.3)
        assert memory.boxes_xywh()[2:, 0].tolist() == values(memory)[2:]
        assert memory.fine()[:, 0, 0, 0].tolist() == values(memory)

    def test_reading_copies_nothing(self, memory):
        add_given(memory, 1)
        add_tracked(memory, 2)
        assert memory.fine().data_ptr() == memory.fine().data_ptr()
        assert memory.coarse().data_ptr() == memory.coarse().data_ptr()

    def test_kept_features_do_not_hold_on_to_the_batch(self, memory):
        coarse, fine = (x.half() for x in features(1, 2))
        memory.add_given(coarse, fine, BOX.expand(2, 4))
        coarse.fill_(9)
        assert values(memory) == [1, 1]

    def test_counts_that_do_not_fit_are_named(self, memory):
        with pytest.raises(ShapeError, match="same first size, got 2, 2 and 3"):
            memory.add_given(*features(1, 2), BOX.expand(3, 4))

    def test_other_maps_than_before_are_refused_and_change_nothing(self, memory):
        add_given(memory, 1)
        coarse, fine = features(2)
        with pytest.raises(ShapeError, match=r"got \(2, 4, 8\) after \(2, 8, 8\)"):
            memory.add_tracked(coarse, fine[..., :4, :], BOX, rate=0.1)
        assert values(memory) == [1, 1]
        assert memory.weights().tolist() == [0.5, 0.5]
