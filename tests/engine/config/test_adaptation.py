from __future__ import annotations

import pytest

from fcot_engine.config import (
    AdaptationConfig,
    CheckConfig,
    HarvestConfig,
    LessonConfig,
)
from fcot_engine.errors import ConfigError


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (AdaptationConfig, "pull", -0.1),
        (AdaptationConfig, "blend", 0.0),
        (LessonConfig, "min_score", 1.1),
        (LessonConfig, "tracked_trust", -1.0),
        (LessonConfig, "held_out_share", 1.0),
        (LessonConfig, "gap_frames", -1),
        (LessonConfig, "max_frames", 2),
        (CheckConfig, "max_folds", 1),
        (CheckConfig, "shortest_run", 100),
        (CheckConfig, "max_frames", 0),
        (CheckConfig, "min_runs", 1),
        (CheckConfig, "confidence", 1.0),
        (HarvestConfig, "max_clips", 0),
        (HarvestConfig, "min_frames", 400),
        (HarvestConfig, "min_agreement", 2.0),
        (HarvestConfig, "min_motion", -1.0),
    ],
)
def test_wrong_values_are_named(kind, name, value):
    with pytest.raises(ConfigError, match=name):
        kind(**{name: value})
