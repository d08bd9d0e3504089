from __future__ import annotations

import pytest

from fcot_engine.config.presets import PRESETS, find_preset
from fcot_engine.errors import ConfigError


class TestFindPreset:
    def test_lite_is_there(self):
        assert find_preset("lite") is PRESETS["lite"]

    def test_unknown_name_lists_the_known_ones(self):
        with pytest.raises(ConfigError, match=r"no preset 'huge'.*lite"):
            find_preset("huge")
