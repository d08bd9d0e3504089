from __future__ import annotations

import pytest

from fcot_engine.config import CalibrationConfig
from fcot_engine.errors import ConfigError


class TestCalibrationConfig:
    def test_nothing_is_fitted_by_default(self):
        assert not CalibrationConfig().is_fitted

    def test_weights_stand_in_the_order_of_the_fields(self):
        config = CalibrationConfig(
            bias=9.0, peak=4.0, second_ratio=-3.0, size_change=-2.0, is_lost=-1.0
        )
        assert config.weights == (4.0, -3.0, -2.0, -1.0)

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("peak", -0.1, "calibration.peak must not be negative"),
            ("second_ratio", 0.1, "calibration.second_ratio must not be positive"),
            ("size_change", 0.1, "calibration.size_change must not be positive"),
            ("is_lost", 0.1, "calibration.is_lost must not be positive"),
        ],
    )
    def test_wrong_way_is_refused(self, name, value, message):
        with pytest.raises(ConfigError, match=message):
            CalibrationConfig(**{name: value})
