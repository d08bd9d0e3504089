from __future__ import annotations

import pytest

from fcot_engine.config import PRESETS, find_preset
from fcot_engine.errors import ConfigError
from fcot_engine.model import build_network


class TestFindPreset:
    def test_lite_is_there(self):
        assert find_preset("lite") is PRESETS["lite"]

    def test_unknown_name_lists_the_known_ones(self):
        with pytest.raises(ConfigError, match=r"no preset 'huge'.*lite"):
            find_preset("huge")


class TestPresets:
    def test_each_has_a_file_of_its_own(self):
        files = [preset.weights_name for preset in PRESETS.values()]
        assert len(set(files)) == len(files)

    def test_base_lies_between_lite_and_paper(self):
        lite, base, paper = (
            sum(p.numel() for p in build_network(PRESETS[name].network).parameters())
            for name in ("lite", "base", "paper")
        )
        assert lite < base < paper / 3
        assert 2 * base < 12e6  # bytes in half precision: may go into the wheel
