"""What weights score, as it was measured and written beside them.

`base.safetensors` has its figures in `base.scores.json`. The file holds the digest of
the tensors that were measured: figures of other weights are not shown as theirs.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcot_engine.errors import WeightsError
from fcot_engine.model import read_contents

__all__ = [
    "DeviceSpeed",
    "WeightsScores",
    "read_scores",
    "scores_path",
    "write_scores",
]


@dataclass(frozen=True, kw_only=True)
class DeviceSpeed:
    """How fast tracking was on one device."""

    kind: str
    """ "cpu", "cuda" or "mps"."""
    name: str
    """The device in words."""
    frames_per_s: float
    """Frames tracked a second, one target."""

    def __post_init__(self) -> None:
        if self.frames_per_s <= 0:
            raise ValueError(f"frames_per_s must be above 0, got {self.frames_per_s}")


@dataclass(frozen=True, kw_only=True)
class WeightsScores:
    """Figures of `fcot eval`, means over sequences."""

    tensors_sha256: str
    """Digest of the tensors that were measured, see `model.weights_contents`."""
    auc: float
    p20: float | None = None
    sr50: float | None = None
    effort: dict[str, float] = dataclasses.field(default_factory=dict)
    """Boxes drawn per 100 frames by the IoU that was asked for."""
    sequences: int
    """How many were tracked."""
    frames: int
    """Frames in all of them."""
    date: str
    """Of the measurement, as YYYY-MM-DD."""
    note: str = ""
    """What else one should know."""
    speeds: tuple[DeviceSpeed, ...] = ()
    """One for each device that was measured."""

    def __post_init__(self) -> None:
        for name in ("auc", "p20", "sr50"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {value}")

    def is_comparable(self, other: WeightsScores) -> bool:
        """Whether both were measured on as many sequences and frames."""
        return (self.sequences, self.frames) == (other.sequences, other.frames)

    def speed_on(self, kind: str) -> float | None:
        """Fastest measured speed on a kind of device, frames/s; None if unknown."""
        known = [speed.frames_per_s for speed in self.speeds if speed.kind == kind]
        return max(known, default=None)


def scores_path(weights: Path) -> Path:
    """Where the figures of a weights file are."""
    return weights.with_suffix(".scores.json")


def read_scores(weights: Path) -> WeightsScores | None:
    """Read the figures of a weights file.

    Returns:
        None where nothing was measured, or where other weights were.

    Raises:
        WeightsError: the file of figures, or that of the weights, is damaged.
    """
    path = scores_path(weights)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    try:
        raw: dict[str, Any] = json.loads(text)
        speeds = tuple(DeviceSpeed(**speed) for speed in raw.pop("speeds", ()))
        scores = WeightsScores(**raw, speeds=speeds)
    except (TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"{path} holds no figures of weights: {error}. Remove it, or write it "
            "again with `fcot weights score`."
        ) from error
    if scores.tensors_sha256 != read_contents(weights).sha256:
        return None
    return scores


def write_scores(weights: Path, scores: WeightsScores) -> Path:
    """Write figures beside their weights; returns the file.

    Raises:
        WeightsError: it cannot be written.
    """
    path = scores_path(weights)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(
            json.dumps(dataclasses.asdict(scores), indent=1) + "\n", encoding="utf-8"
        )
        draft.replace(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error}.") from error
    return path
