from __future__ import annotations

import math
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.errors import ShapeError
from fcot_engine.model import Features
from fcot_engine.tracker.memory import (
    BestFrames,
    SampleMemory,
    SampleWeights,
    cut_windows,
)

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
    def test_follow_the_rule_of_sample_weights(self, memory):
        add_given(memory, 1)
        add_tracked(memory, 2, rate=0.2)
        total = 1 / 0.8 + 0.2  # the first tracked sample: SampleWeights
        expected = torch.tensor([0.5 / 0.8, 0.5 / 0.8, 0.2]) / total
        torch.testing.assert_close(memory.weights(), expected)


class TestFineWindow:
    """Windows of 4 cells in maps of 10, whose values are column + 10 * row."""

    MAP = torch.arange(100.0).view(1, 1, 10, 10)

    @pytest.mark.parametrize(
        ("center", "first"),
        [
            pytest.param((20, 24), (3, 4), id="around_the_target"),
            pytest.param((1, 39), (0, 6), id="never_over_the_border"),
            pytest.param((400, -90), (3, 3), id="middle_where_the_target_is_outside"),
        ],
    )
    def test_window_and_box_move_together(self, center, first):
        box = torch.tensor([[center[0] - 4.0, center[1] - 2.0, 8.0, 4.0]])
        windows, boxes = cut_windows(self.MAP, box, side=4)
        assert windows.shape == (1, 1, 4, 4)
        left, top = first
        assert float(windows[0, 0, 0, 0]) == left + 10 * top
        moved = box - torch.tensor([[4.0 * left, 4.0 * top, 0.0, 0.0]])
        torch.testing.assert_close(boxes, moved)

    def test_whole_map_where_it_is_no_larger(self):
        windows, boxes = cut_windows(self.MAP, BOX[None], side=10)
        assert windows is self.MAP and torch.equal(boxes, BOX[None])

    def test_memory_keeps_windows_and_boxes_in_them(self):
        memory = SampleMemory(4, given_share=0.25, given_capacity=92, fine_window=4)
        box = torch.tensor([[16.0, 22.0, 8.0, 4.0]])
        memory.add_given(torch.zeros(1, 3, 2, 2), self.MAP, box)
        assert memory.fine().shape == (1, 1, 4, 4)
        assert memory.fine_boxes_xywh().tolist() == [[4.0, 6.0, 8.0, 4.0]]
        assert torch.equal(memory.boxes_xywh(), box)


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
        sample = 2 * (3 * 2 * 2 + 2 * 8 * 8) + 2 * 4 * 4
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


FIRST = [0.0430520, 0.0098029]
FIFTH = [0.0413836, 0.0094230, 0.0095182, 0.0096144, 0.0097115, 0.0099097]
LAST = [0.0296360, 0.0129832, 0.0131144, 0.0132468, 0.0133806, 0.0135158, 0.0137916]


def made(*, capacity=4, given_share=0.25, given=2):
    weights = SampleWeights(capacity, given_share=given_share)
    if given:
        weights.add_given(given)
    return weights


class TestRule:
    def test_first_tracked_sample_gets_its_rate_beside_the_raised_others(self):
        weights = made()
        assert weights.add_tracked(0.2) == 2
        total = 1 / 0.8 + 0.2
        expected = [0.5 / 0.8 / total, 0.5 / 0.8 / total, 0.2 / total]
        assert weights.values() == pytest.approx(expected)

    def test_later_one_outweighs_the_one_before(self):
        weights = made()
        for rate in (0.1, 0.1, 0.5, 0.01):
            weights.add_tracked(rate)
        _, _, first, second, third, fourth = weights.values()
        assert second / first == pytest.approx(1 / 0.9)
        assert third / second == pytest.approx(1 / 0.5)
        assert fourth / third == pytest.approx(1 / 0.99)

    def test_full_memory_gives_up_the_lightest_tracked_sample(self):
        weights = made(capacity=3)
        assert [weights.add_tracked(0.1) for _ in range(8)] == [2, 3, 4, 2, 3, 4, 2, 3]

    def test_sixty_updates_as_released(self):
        """Rows of memory/otb_weights of the released code: first, fifth and last."""
        weights = made(capacity=27, given=23)
        slots, rows = [], []
        for update in range(1, 61):
            slots.append(weights.add_tracked(0.02 if update % 5 == 0 else 0.01))
            rows.append(weights.values())
        assert slots == [23 + i % 27 for i in range(60)]
        first, fifth, last = rows[0], rows[4], rows[59]
        assert [first[0], first[23]] == pytest.approx(FIRST, abs=1e-6)
        assert [fifth[0], *fifth[23:28]] == pytest.approx(FIFTH, abs=1e-6)
        assert [last[0], *last[23:29]] == pytest.approx(LAST, abs=1e-6)


class TestLeastShare:
    def test_tracked_ones_keep_their_ratio_below_it(self):
        weights = made(capacity=30, given_share=0.9)
        for _ in range(10):
            weights.add_tracked(0.2)
        *_, before, last = weights.values()
        assert last / before == pytest.approx(1 / 0.8)


class TestHumanBoxes:
    def test_new_one_counts_at_once_and_tracked_ones_keep_the_rest(self):
        weights = made(capacity=8)
        for _ in range(6):
            weights.add_tracked(0.2)
        before = weights.values()
        weights.add_given(3)
        after = weights.values()
        assert sum(after[8:]) == pytest.approx(sum(after[:2]))
        assert after[7] / after[2] == pytest.approx(before[7] / before[2])
        assert 0 < sum(after[2:8]) < sum(before[2:])

    def test_tracking_goes_on_from_the_sample_before_it(self):
        weights = made()
        weights.add_tracked(0.1)
        weights.add_given(2)
        weights.add_tracked(0.1)
        values = weights.values()
        assert values[5] / values[2] == pytest.approx(1 / 0.9)

    def test_one_after_the_given_ones_have_faded_away(self):
        weights = made(given_share=0.0)
        for _ in range(300):
            weights.add_tracked(0.9)
        weights.add_given(2)
        assert weights.given_weight() == pytest.approx(0.5)


class TestKeep:
    def test_next_tracked_sample_is_a_first_one_again(self):
        weights = made()
        weights.add_tracked(0.5)
        weights.keep([0, 1])
        fresh = made()
        weights.add_tracked(0.1)
        fresh.add_tracked(0.1)
        assert weights.values() == fresh.values()

    def test_newest_tracked_sample_is_followed_to_its_new_slot(self):
        weights = made()
        weights.add_tracked(0.5)
        weights.keep([1, 2])
        weights.add_tracked(0.1)
        values = weights.values()
        assert values[2] / values[1] == pytest.approx(1 / 0.9)


rates = st.floats(0, 0.99)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("given"), st.integers(1, 30)),
        st.tuples(st.just("tracked"), rates),
        st.tuples(st.just("many"), rates),
        st.tuples(st.just("forget"), st.none()),
    ),
    min_size=1,
    max_size=25,
)


@given(operations, st.integers(1, 6), st.floats(0, 1))
def test_weights_are_a_distribution_after_any_history(history, capacity, share):
    weights = SampleWeights(capacity, given_share=share)
    for what, value in history:
        if what == "given":
            weights.add_given(value)
        elif what == "forget":
            weights.keep(sorted(chain.from_iterable(weights.given_slots())))
        else:
            for _ in range(60 if what == "many" else 1):
                protected = {s for group in weights.given_slots() for s in group}
                assert weights.add_tracked(value) not in protected
        values = weights.values()
        groups = weights.given_slots()
        assert all(math.isfinite(v) and v >= 0 for v in values)
        assert sum(values) == pytest.approx(1 if values else 0)
        assert len(values) <= capacity + sum(map(len, groups))
        if groups:
            assert weights.given_weight() >= share - 1e-9
            totals = [sum(values[slot] for slot in group) for group in groups]
            assert totals == pytest.approx([totals[0]] * len(totals))


@pytest.fixture
def best():
    return BestFrames(2)


def offer(best, *scores):
    """Offer frames whose maps hold their number."""
    for number, score in enumerate(scores):
        maps = torch.full((1, 2, 3, 3), float(number))
        features = Features(maps, maps, maps, maps, None, maps)
        best.offer(score, features, torch.zeros(4))


def numbers(frames):
    return [int(frame.features.coarse[0, 0, 0, 0]) for frame in frames]


class TestBestFrames:
    def test_classifiers_take_the_best_one(self, best):
        offer(best, 0.3, 0.9, 0.5)
        assert numbers([best.take_for_classifier()]) == [1]

    def test_latest_of_two_equals(self, best):
        offer(best, 0.5, 0.5)
        assert numbers([best.take_for_classifier()]) == [1]

    def test_regressor_takes_the_best_few_best_first(self, best):
        offer(best, 0.3, 0.9, 0.5, 0.4)
        frames = best.take_for_regressor()
        assert numbers(frames) == [1, 2]
        assert [frame.score for frame in frames] == [0.9, 0.5]

    def test_taken_frames_are_gone_for_that_branch_alone(self, best):
        offer(best, 0.3)
        best.take_for_classifier()
        assert best.take_for_classifier() is None
        assert numbers(best.take_for_regressor()) == [0]
        assert best.take_for_regressor() == []

    def test_clear_forgets_both(self, best):
        offer(best, 0.3, 0.9)
        best.clear()
        assert best.take_for_classifier() is None
        assert best.take_for_regressor() == []

    def test_taken_in_single_precision(self, best):
        offer(best, 0.3)
        features = best.take_for_classifier().features
        assert features.coarse.dtype == torch.float32
        assert features.decoder_coarse is None
