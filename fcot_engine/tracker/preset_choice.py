"""Which preset a device gets where nobody chose one.

It is the best-scoring preset of those whose weights are there. Left out are those that
were measured at less than 60 frames/s on CUDA or 10 elsewhere, and those whose figures
cannot be compared, since other sequences were tracked. A speed that nobody measured
counts as high enough on CUDA alone; Apple's GPUs are taken to be no slower than a CPU.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from fcot_engine.config import PRESETS
from fcot_engine.errors import WeightsError
from fcot_engine.model import read_network_kind
from fcot_engine.tracker.installed_weights import default_weights, find_weights
from fcot_engine.tracker.weights_scores import WeightsScores, read_scores

__all__ = ["AUTO", "PresetChoice", "choose_preset", "resolve_preset"]

AUTO = "auto"
"""In place of a preset's name: the one that suits the device."""
LEAST_FRAMES_PER_S = {"cuda": 60.0, "mps": 10.0, "cpu": 10.0}
"""By kind of device: what people who watch a target being followed put up with."""
_FALLBACK = "lite"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class PresetChoice:
    """A preset and why it is the default."""

    preset: str
    reason: str
    """In words."""
    is_by_score: bool = False
    """Whether it won against others, rather than being all that could be chosen."""


def choose_preset(device: torch.device) -> PresetChoice:
    """Choose the default for a device among the presets whose weights are there."""
    present = [name for name in PRESETS if find_weights(name) is not None]
    if present == [_FALLBACK] or not present:
        return PresetChoice(_FALLBACK, "no weights of a larger preset are installed")
    scored = {
        name: scores for name in present if (scores := _read_scores(name)) is not None
    }
    if not scored:
        return PresetChoice(
            _FALLBACK, "nothing is known about what the installed presets score"
        )
    most = max(scored.values(), key=lambda scores: scores.frames)
    yardstick = scored.get(_FALLBACK, most)
    usable = {
        name: scores
        for name, scores in scored.items()
        if scores.is_comparable(yardstick) and _is_fast(scores, device.type)
    }
    if not usable:
        return PresetChoice(_FALLBACK, "the installed larger presets are too slow")
    best = max(usable, key=lambda name: usable[name].auc)
    reason = f"AUC {usable[best].auc:.3f}, the best of those installed and measured"
    return PresetChoice(best, reason, is_by_score=len(usable) > 1)


def resolve_preset(
    preset: str, device: torch.device, *, weights: Path | None = None
) -> str:
    """Turn "auto" into the name of a preset; other names are left as they are.

    The first time that CUDA has to do with `lite` for want of others, a warning in the
    log says so.

    Args:
        preset: a name or "auto".
        device: where it shall track.
        weights: a weights file that was chosen; its network says which preset it is of.

    Raises:
        WeightsError: that file cannot be read.
    """
    if preset != AUTO:
        return preset
    if weights is not None:
        return read_network_kind(weights)
    choice = choose_preset(device)
    is_for_want = choice.preset == _FALLBACK and not choice.is_by_score
    if device.type == "cuda" and is_for_want:
        _tell_once(choice.reason)
    return choice.preset


def _read_scores(preset: str) -> WeightsScores | None:
    """Figures of a preset that is there, None if there are none."""
    try:
        return read_scores(default_weights(preset))
    except WeightsError as error:
        _LOG.warning("%s", error)
        return None


def _is_fast(scores: WeightsScores, kind: str) -> bool:
    """Whether a preset is fast enough on a kind of device, as far as is known."""
    speed = scores.speed_on(kind)
    if speed is None and kind == "mps":
        speed = scores.speed_on("cpu")
    if speed is None:
        return kind == "cuda"
    return speed >= LEAST_FRAMES_PER_S.get(kind, LEAST_FRAMES_PER_S["cpu"])


@functools.cache
def _tell_once(reason: str) -> None:
    _LOG.warning(
        "Tracking on CUDA with the small preset 'lite': %s. `fcot weights` shows what "
        "there is, `fcot weights get PRESET` how to install more.",
        reason,
    )
