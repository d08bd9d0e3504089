"""Speed and time left."""

from __future__ import annotations

import pytest

from napari_fcot.tracking.jobs import Progress, format_seconds


def advanced(*, total: int, times_s: list[float]) -> Progress:
    progress = Progress(total=total)
    for time_s in times_s:
        progress.advance(at_s=time_s)
    return progress


class TestProgress:
    def test_speed_is_unknown_before_two_frames(self):
        assert advanced(total=5, times_s=[1.0]).frames_per_s is None

    def test_speed_counts_intervals(self):
        assert advanced(total=9, times_s=[0.0, 0.5, 1.0]).frames_per_s == 2.0

    def test_speed_follows_the_last_frames_only(self):
        slow = [float(second) for second in range(100)]
        fast = [99 + 0.1 * step for step in range(1, 31)]
        progress = advanced(total=500, times_s=slow + fast)
        assert progress.frames_per_s == pytest.approx(10.0)

    def test_frames_of_the_same_instant_have_no_speed(self):
        assert advanced(total=5, times_s=[1.0, 1.0]).frames_per_s is None

    def test_time_left_is_said_while_running(self):
        progress = advanced(total=10, times_s=[0.0, 0.5])
        assert progress.describe(is_running=True) == "2/10 · 2.0 frames/s · 0:04 left"

    def test_time_left_is_not_said_after_stop(self):
        progress = advanced(total=10, times_s=[0.0, 0.5])
        assert progress.describe(is_running=False) == "2/10 · 2.0 frames/s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0, "0:00", id="none"),
        pytest.param(0.1, "0:01", id="rounds_up"),
        pytest.param(61, "1:01", id="minutes"),
        pytest.param(3600, "1:00:00", id="hours"),
    ],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text
