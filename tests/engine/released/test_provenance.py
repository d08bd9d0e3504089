from __future__ import annotations

import json

import pytest
import torch

from fcot_engine.released import ReleasedCheckpoint
from fcot_engine.released.container import Container
from fcot_engine.released.name_table import DIMP, FCOT
from fcot_engine.released.provenance import describe_origin


@pytest.fixture
def describe():
    """Provenance of a checkpoint with these constructor arguments."""

    def make(arguments=None, *, table=FCOT, **told):
        checkpoint = ReleasedCheckpoint(
            **{
                "tensors": {"a": torch.ones(1)},
                "arguments": arguments or {},
                "network_type": "",
                "epoch": None,
                "container": Container.LEGACY,
                "sha256": "ab",
                "size": 12,
            }
            | told
        )
        return describe_origin(checkpoint, table, "x.pth", norm_scale="2 (given)")

    return make


class TestDescribeOrigin:
    def test_all_is_text_as_headers_need(self, describe):
        assert all(isinstance(text, str) for text in describe().values())

    def test_what_a_file_does_not_tell_is_said(self, describe):
        told = describe()
        assert (told["epoch"], told["source_network"]) == ("not told", "not told")

    def test_what_it_tells(self, describe):
        told = describe(epoch=0, network_type="FCOTNet")
        assert (told["epoch"], told["source_network"]) == ("0", "FCOTNet")

    def test_only_a_start_for_training_has_a_note(self, describe):
        assert "note" not in describe()
        assert "start for training" in describe(table=DIMP)["note"]

    def test_plain_arguments_are_kept_and_nothing_else(self, describe):
        bomb = ["boom"]
        for _ in range(200):
            bomb = [bomb, bomb]  # written out, 2^200 entries
        plain = {"filter_size": 4, "init": 0.9, "act": "relu", "frozen": True}
        others = {"bomb": bomb, "none": None, "huge": 10**5000, "long": "x" * 1000}
        told = describe(plain | others)
        assert json.loads(told["constructor"]) == plain
