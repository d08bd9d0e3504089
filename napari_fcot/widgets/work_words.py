"""Why a frame is worth a look, in words that people understand."""

from __future__ import annotations

from collections.abc import Mapping

from fcot_engine.annotation import WorkStop

__all__ = ["describe_reasons", "describe_stop", "name_reasons"]

_NAMES = {
    "low_score": "unsure",
    "is_lost": "lost",
    "second_peak": "look-alike",
    "disagreement": "runs disagree",
    "jump": "jumps",
    "resize": "size changes",
    "far_from_drawn": "far from yours",
    "doubt_since_drawn": "doubt before",
    "gap": "no box",
}
_SENTENCES = {
    "low_score": "the tracker is not sure of this box",
    "is_lost": "the tracker did not see the target",
    "second_peak": "something else nearby looks alike",
    "disagreement": "tracking forward and backward lead to different boxes",
    "jump": "the box jumps",
    "resize": "the box changes its size at once",
    "far_from_drawn": "your nearest box is far away",
    "doubt_since_drawn": "the tracker may have gone astray somewhat earlier",
    "gap": "there is no box",
}
_NOTHING_SPECIAL = "nothing stands out, but nobody has looked here"


def name_reasons(reasons: tuple[str, ...]) -> str:
    """Return reasons in few words, for a cell of a table.

    Example:
        >>> name_reasons(("jump", "low_score"))
        'jumps, unsure'
    """
    return ", ".join(_NAMES.get(name, _plain(name)) for name in reasons) or "spot check"


def describe_reasons(reasons: tuple[str, ...]) -> str:
    """Return reasons as a sentence.

    Example:
        >>> describe_reasons(("jump", "low_score"))
        'The box jumps; the tracker is not sure of this box.'
    """
    told = [_SENTENCES.get(name, _plain(name)) for name in reasons]
    words = "; ".join(told) or _NOTHING_SPECIAL
    return f"{words[0].upper()}{words[1:]}."


def describe_stop(stop: WorkStop, names: Mapping[int, str]) -> str:
    """Say where a stop is, and why.

    Args:
        stop: a frame to look at.
        names: of targets, by id.
    """
    name = names.get(stop.target_id, f"target {stop.target_id}")
    return f"{name}, frame {stop.frame_index}: {describe_reasons(stop.reasons)}"


def _plain(name: str) -> str:
    """Return the name of a feature that somebody added, as words."""
    return name.replace("_", " ")
