from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.config.adaptation import CheckConfig
from fcot_engine.errors import ShapeError
from fcot_engine.training.gain import compare

CHECK = CheckConfig()
RUNS = np.linspace(0.3, 0.8, 12)


class TestCompare:
    def test_same_step_everywhere_is_sure(self):
        gain = compare(RUNS, RUNS + 0.05, CHECK)
        assert gain.mean == pytest.approx(0.05)
        assert gain.low == pytest.approx(0.05) and gain.high == pytest.approx(0.05)
        assert gain.has_helped
        assert gain.text.startswith("The new weights helped: mean overlap 0.550 before")

    def test_gain_in_one_run_alone_is_not_enough(self):
        after = RUNS.copy()
        after[3] += 0.4
        gain = compare(RUNS, after, CHECK)
        assert gain.mean > 0 and not gain.has_helped
        assert "did not clearly help" in gain.text

    def test_loss_is_called_a_loss(self):
        gain = compare(RUNS, RUNS - 0.1, CHECK)
        assert not gain.has_helped
        assert "are worse" in gain.text

    def test_no_change_does_not_help(self):
        assert not compare(RUNS, RUNS, CHECK).has_helped

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_few_runs_say_nothing(self, n):
        gain = compare(RUNS[:n], RUNS[:n] + 0.3, CHECK)
        assert not gain.has_helped
        assert f"Only {n} runs could be held out" in gain.text

    def test_same_seed_same_interval(self):
        after = RUNS + np.linspace(-0.1, 0.2, 12)
        assert compare(RUNS, after, CHECK, seed=3) == compare(
            RUNS, after, CHECK, seed=3
        )

    def test_interval_of_normal_differences(self):
        rng = np.random.default_rng(1)
        before = rng.random(400)
        gain = compare(before, before + rng.normal(0.02, 0.1, 400), CHECK)
        half = 1.645 * 0.1 / np.sqrt(400)
        assert gain.high - gain.low == pytest.approx(2 * half, rel=0.15)

    def test_unequal_runs_are_refused(self):
        with pytest.raises(ShapeError, match="same shape"):
            compare(RUNS, RUNS[1:], CHECK)
