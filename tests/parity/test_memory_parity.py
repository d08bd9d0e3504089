"""Sample weights against the released ones, and where ours differ on purpose."""

from __future__ import annotations

import pytest
import torch

from fcot_engine.tracker.memory import SampleWeights

pytestmark = pytest.mark.shared

N_GIVEN = 23


def run_ours(updates, *, size, rate, least):
    """Weights padded to `size`, and the slot written, after each update."""
    weights = SampleWeights(size - N_GIVEN, given_share=least)
    weights.add_given(N_GIVEN)
    rows, slots = [], []
    for update in range(1, updates + 1):
        slots.append(weights.add_tracked(rate(update)))
        values = weights.values()
        rows.append(values + [0.0] * (size - len(values)))
    return torch.tensor(rows, dtype=torch.float64), slots


def run_released_unprotected(updates, *, size, rate):
    """The released rule without a least share: the lightest of all slots goes."""
    values = [1 / N_GIVEN] * N_GIVEN + [0.0] * (size - N_GIVEN)
    rows, slots, count = [], [], N_GIVEN
    for update in range(1, updates + 1):
        if count < size:
            slot, count = count, count + 1
        else:
            slot = min(range(size), key=values.__getitem__)
        if slots:
            values[slot] = values[slots[-1]] / (1 - rate(update))
        else:
            values = [value / (1 - rate(update)) for value in values]
            values[slot] = rate(update)
        total = sum(values)
        values = [value / total for value in values]
        slots.append(slot)
        rows.append(list(values))
    return torch.tensor(rows, dtype=torch.float64), slots


def otb_rate(update):
    return 0.02 if update % 5 == 0 else 0.01


def vot_rate(update):
    return 0.02 if update % 5 == 0 else 0.0075


class TestOtb:
    def test_weights_and_slots_of_sixty_updates(self, parity):
        ours, slots = run_ours(60, size=50, rate=otb_rate, least=0.25)
        assert slots == parity["memory/otb_replace_index"].tolist()
        expected = parity["memory/otb_weights"].double()
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)


class TestVot:
    """No least share is set there: the released code loses the given samples."""

    def test_ours_agrees_until_a_given_sample_would_go(self, parity):
        ours, slots = run_ours(60, size=250, rate=vot_rate, least=0.0)
        assert slots == parity["memory/vot_replace_index"].tolist()
        expected = parity["memory/vot_weights"].double()
        torch.testing.assert_close(ours[:, :90], expected, atol=1e-6, rtol=0)
        ours, slots = run_ours(300, size=250, rate=vot_rate, least=0.0)
        assert slots == parity["memory/vot300_replace_index"].tolist()
        expected = parity["memory/vot300_final_weights"].double()
        torch.testing.assert_close(ours[-1], expected, atol=1e-6, rtol=0)

    def test_released_rule_writes_over_given_samples_and_ours_never(self, parity):
        """They are the only ones that are certainly the target."""

        def rate(_):
            return 0.0075  # no hard negatives

        _, released = run_released_unprotected(600, size=250, rate=rate)
        first = next(i for i, slot in enumerate(released, 1) if slot < N_GIVEN)
        assert first == 463  # as measured on the released code
        rows, ours = run_ours(600, size=250, rate=rate, least=0.2)
        assert min(ours) == N_GIVEN
        assert float(rows[:, :N_GIVEN].sum(1).min()) >= 0.2 - 1e-9

    def test_released_rule_here_is_the_recorded_one(self, parity):
        weights, slots = run_released_unprotected(300, size=250, rate=vot_rate)
        assert slots == parity["memory/vot300_replace_index"].tolist()
        expected = parity["memory/vot300_final_weights"].double()
        torch.testing.assert_close(weights[-1], expected, atol=1e-6, rtol=0)
