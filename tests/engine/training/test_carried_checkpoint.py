from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from fcot_engine.errors import TrainingError
from fcot_engine.training import Trainer
from fcot_engine.training.carried_checkpoint import (
    compact_state,
    write_carried_checkpoint,
)
from fcot_engine.training.checkpoint import PIECE_BYTES, read_checkpoint
from fcot_engine.training.run_log import read_log

MIB = 2**20


def make_state(side):
    """As a trainer's, of one square layer after a step."""
    layer = nn.Linear(side, side, bias=False)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.rand(1, side)).sum().backward()
    optimizer.step()
    values = {name: value.clone() for name, value in layer.state_dict().items()}
    return {
        "network": layer.state_dict(),
        "average": {"values": values, "steps": 1},
        "optimizer": optimizer.state_dict(),
        "progress": {"step": 1, "samples": 2, "minutes": 0.1},
        "rng": [torch.get_rng_state()],
    }


class TestCompactState:
    @pytest.mark.parametrize(
        ("limit_mib", "kept"),
        [
            pytest.param(9, {"network", "average", "optimizer"}, id="all_in_half"),
            pytest.param(5, {"network", "average"}, id="no_moments"),
            pytest.param(3, {"average"}, id="the_average_alone"),
        ],
    )
    def test_what_is_missed_least_goes_first(self, limit_mib, kept):
        state = make_state(1024)  # 4 MiB of weights, 16 MiB in all
        compact, _ = compact_state(state, limit_bytes=limit_mib * MIB)
        assert compact.keys() & {"network", "average", "optimizer"} == kept
        assert compact["progress"] == state["progress"]

    def test_numbers_are_those_of_half_precision(self):
        state = make_state(64)
        compact, _ = compact_state(state, limit_bytes=2 * MIB)
        weight = state["network"]["weight"]
        assert torch.equal(compact["network"]["weight"], weight.half())
        moments = compact["optimizer"]["state"][0]
        assert moments["exp_avg"].dtype == torch.float16
        assert moments["exp_avg_sq"].dtype == torch.bfloat16
        assert moments["step"] == 1

    def test_number_too_large_for_half_precision_is_kept(self):
        state = make_state(64)
        state["network"]["weight"][0, 0] = 1e6
        compact, _ = compact_state(state, limit_bytes=2 * MIB)
        assert compact["network"]["weight"][0, 0] == 1e6

    def test_the_state_itself_is_left_alone(self):
        state = make_state(64)
        compact_state(state, limit_bytes=MIB)
        assert state["network"]["weight"].dtype == torch.float32

    def test_too_small_a_limit_is_an_error_with_both_sizes(self):
        with pytest.raises(TrainingError, match=r"take 3 MiB, more than the 1 MiB"):
            compact_state(make_state(1024), limit_bytes=MIB)


class TestWriteCarriedCheckpoint:
    def test_pieces_stay_within_both_limits(self, tmp_path):
        path, what = write_carried_checkpoint(
            tmp_path, make_state(3600), step=7, limit_mib=60
        )  # 25.9 MB of numbers: four times 49 MiB in a full checkpoint
        sizes = [piece.stat().st_size for piece in path.glob("piece-*.bin")]
        assert len(sizes) == 4 and max(sizes) <= PIECE_BYTES
        assert sum(sizes) < 60 * MIB
        assert "no moments" in what
        assert read_checkpoint(path)["average"]["values"]["weight"].shape == (
            3600,
            3600,
        )

    @pytest.mark.parametrize("left_out", [(), ("optimizer",), ("optimizer", "network")])
    def test_training_goes_on_from_it(
        self, make_network, small_factory, losses, config, tmp_path, left_out
    ):
        def make(folder):
            return Trainer(
                make_network(), small_factory, losses, config, folder=tmp_path / folder
            )

        first = make("first")
        first.run()
        state = first.gather_state()
        kept = {name: part for name, part in state.items() if name not in left_out}
        write_carried_checkpoint(tmp_path / "second", kept, step=first.progress.step)
        second = make("second")
        assert second.resume()
        assert second.progress == first.progress
        for name, value in second.average.weights().items():
            expected = first.average.weights()[name]
            torch.testing.assert_close(value, expected, atol=1e-3, rtol=1e-3)
            assert value.dtype == expected.dtype

    def test_without_moments_the_learning_rate_rises_again(
        self, make_network, small_factory, losses, config, tmp_path
    ):
        config = dataclasses.replace(config, samples=200)

        def make(folder, **changes):
            return Trainer(
                make_network(),
                small_factory,
                losses,
                dataclasses.replace(config, **changes),
                folder=tmp_path / folder,
            )

        first = make("first", samples=20)
        first.run()
        state = first.gather_state()
        del state["optimizer"]
        write_carried_checkpoint(tmp_path / "second", state, step=10)
        second = make("second", minutes=0.001, log_every=1)
        second.resume()
        second.run()
        first_rate, *_ = (row["lr"] for row in read_log(tmp_path / "second/log.csv"))
        assert first_rate < 0.9 * config.lr  # at full height without a warm-up
