from __future__ import annotations

import pytest

from fcot_engine.config import (
    PRESETS,
    TrackerConfig,
    apply_settings,
    find_benchmark,
    find_preset,
)
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


NAMES = ("vot", "otb", "lasot", "nfs", "uav", "trackingnet")
TABLE = {
    "search.area_scale": (4.0, 4.5, 4.5, 4.5, 4.5, 4.2),
    "classification.learning_rate": (0.0075, 0.01, 0.01, 0.01, 0.01, 0.01),
    "classification.given_share": (0.0, 0.25, 0.25, 0.25, 0.25, 0.2),
    "classification.update_interval": (8, 14, 20, 17, 20, 20),
    "regression.update_interval": (8, 14, 20, 17, 20, 20),
    "classification.first_iterations": (25, 5, 5, 5, 5, 10),
    "classification.update_iterations": (3, 2, 1, 1, 1, 1),
    "classification.hard_negative_iterations": (3, 1, 1, 1, 1, 1),
    "regression.first_iterations": (4, 4, 4, 4, 4, 6),
    "regression.online_iterations": (1, 1, 1, 1, 1, 1),
    "regression.blend": (0.6, 1, 1, 0.8, 0, 1),
    "localisation.coarse_weight": (1.0, 0.6, 0.9, 0.8, 0.8, 0.9),
    "localisation.fine_weight": (0.4, 0.4, 0.1, 0.2, 0.2, 0.1),
    "localisation.lost_threshold": (0, 0, 0.25, 0.08, 0.12, 0.12),
    "localisation.distractor_ratio": (100, 100, 0.6, 0.9, 0.9, 0.72),
    "localisation.hard_negative_ratio": (0.45, 0.45, 0.5, 0.5, 0.5, 0.5),
    "localisation.neighbourhood": (2.2, 2.2, 2.2, 2.2, 2.2, 1.2),
    "localisation.window": (1, 1, 0, 0, 0, 0),
}
MEMORY = (250, 50, 50, 50, 50, 50)


class TestBenchmarks:
    """Against the table of the released settings, typed from it a second time."""

    @pytest.mark.parametrize("setting", TABLE)
    def test_values_are_the_released_ones(self, setting):
        section, field = setting.split(".")
        got = [
            getattr(getattr(apply_settings(TrackerConfig(), changes), section), field)
            for changes in map(find_benchmark, NAMES)
        ]
        assert got == pytest.approx(TABLE[setting])

    def test_given_samples_have_a_place_beside_the_memory(self):
        changes = map(find_benchmark, NAMES)
        sizes = [each["classification.memory_size"] for each in changes]
        assert [size + 23 for size in sizes] == list(MEMORY)


class TestFindBenchmark:
    def test_case_does_not_matter(self):
        assert find_benchmark("OTB") is find_benchmark("otb")

    def test_unknown_name_lists_the_known_ones(self):
        with pytest.raises(ConfigError, match=r"no settings 'got10k'.*vot, otb"):
            find_benchmark("got10k")
