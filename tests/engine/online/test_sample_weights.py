from __future__ import annotations

import math
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.tracker.memory import SampleWeights

FIRST = [0.0430520, 0.0098029]
FIFTH = [0.0413836, 0.0094230, 0.0095182, 0.0096144, 0.0097115, 0.0099097]
LAST = [0.0296360, 0.0129832, 0.0131144, 0.0132468, 0.0133806, 0.0135158, 0.0137916]


def made(*, capacity=4, given_share=0.25, given=2):
    weights = SampleWeights(capacity, given_share=given_share)
    if given:
        weights.add_given(given)
    return weights


class TestRule:
    def test_given_samples_share_evenly(self):
        assert made(given=4).values() == [0.25] * 4

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
    def test_given_samples_keep_it_whatever_is_tracked(self):
        weights = made(capacity=30, given_share=0.4)
        for _ in range(50):
            weights.add_tracked(0.3)
            assert weights.given_weight() >= 0.4 - 1e-12
        assert weights.given_weight() == pytest.approx(0.4)

    def test_tracked_ones_keep_their_ratio_below_it(self):
        weights = made(capacity=30, given_share=0.9)
        for _ in range(10):
            weights.add_tracked(0.2)
        *_, before, last = weights.values()
        assert last / before == pytest.approx(1 / 0.8)

    def test_sum_stays_one_where_the_released_one_does_not(self):
        """Its division by g + tracked, then g for the given ones, sums to more."""
        weights = made(given_share=0.9)
        weights.add_tracked(0.5)
        given, tracked = 1 / 0.5, 0.5  # before they are normalised
        tracked /= given + tracked
        released = tracked / (0.9 + tracked) + 0.9
        assert released > 1.05
        assert sum(weights.values()) == pytest.approx(1)

    def test_without_one_the_given_samples_fade(self):
        weights = made(given_share=0.0)
        for _ in range(200):
            weights.add_tracked(0.3)
        assert weights.given_weight() < 1e-6


class TestHumanBoxes:
    def test_each_weighs_the_same_whatever_its_number_of_samples(self):
        weights = made(given=2)
        weights.add_given(4)
        weights.add_given(1)
        assert weights.values() == pytest.approx([1 / 6] * 2 + [1 / 12] * 4 + [1 / 3])

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
    def test_others_share_what_is_left(self):
        weights = made()
        weights.add_tracked(0.5)
        weights.keep([0, 1])
        assert weights.values() == [0.5, 0.5]

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
