"""The curve that makes a probability of what was seen in a frame."""

from __future__ import annotations

from dataclasses import dataclass

from fcot_engine.errors import ConfigError

__all__ = ["CalibrationConfig"]


@dataclass(frozen=True, kw_only=True)
class CalibrationConfig:
    """Logistic curve for the chance that a box has an IoU of at least 0.5.

    It belongs to the weights and settings that it was fitted with. `fcot calibrate`
    fits it; see `online.calibration`.
    """

    is_fitted: bool = False
    """Whether the curve is used; else the confidence is the peak itself."""
    bias: float = 0.0
    """Logit where all else is 0."""
    peak: float = 0.0
    """Added for a peak of 1; not negative."""
    second_ratio: float = 0.0
    """Added for a second peak as high as the first; not positive."""
    size_change: float = 0.0
    """Added for a change of the area by a factor of e in one frame; not positive."""
    is_lost: float = 0.0
    """Added where the target was not seen; not positive."""

    def __post_init__(self) -> None:
        if self.peak < 0:
            raise ConfigError(
                f"calibration.peak must not be negative, got {self.peak}: "
                "confidence must not fall where the peak rises."
            )
        for name in ("second_ratio", "size_change", "is_lost"):
            if getattr(self, name) > 0:
                raise ConfigError(
                    f"calibration.{name} must not be positive, got "
                    f"{getattr(self, name)}: it speaks against a box."
                )

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """All but the bias, as `Evidence.as_numbers` has the observations."""
        return self.peak, self.second_ratio, self.size_change, self.is_lost
