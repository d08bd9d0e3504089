"""`fcot weights list`: which presets are there, their figures, and the default."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fcot_engine.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from fcot_engine.config import Preset

__all__ = ["list_presets", "summarise_origin"]

_FIGURES = ("auc", "p20", "sr50")
_HEADER = (
    f"{'preset':8s}{'file':20s}{'params':>9s}{'size':>11s}"
    f"{'AUC':>7s}{'P20':>7s}{'SR50':>7s}{'frames/s':>10s}  "
)


def list_presets(_: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Facts for `--json`, and a table for people."""
    from fcot_engine.config import PRESETS
    from fcot_engine.tracker import choose_device, choose_preset, name_device

    device = choose_device()
    choice = choose_preset(device)
    presets = {
        name: _describe(name, preset, device.type) for name, preset in PRESETS.items()
    }
    facts = {
        "presets": presets,
        "default": choice.preset,
        "reason": choice.reason,
        "device": name_device(device),
    }
    lines = [f"{_HEADER}about"]
    lines += [_format_row(name, told) for name, told in presets.items()]
    missing = [name for name, told in presets.items() if not told["present"]]
    lines += ["", f"Default on {facts['device']}: {choice.preset}, {choice.reason}."]
    if missing:
        lines.append(
            f"Not there: {', '.join(missing)}. `fcot weights get {missing[0]}` says "
            "where they come from."
        )
    return facts, lines


def summarise_origin(told: Mapping[str, str]) -> str:
    """One line on where weights came from, by their header."""
    if "source_file" in told:
        return f"{told.get('kind', 'weights')}, imported from {told['source_file']}"
    known = [
        f"{told[name]} {text}".strip()
        for name, text in (("samples", "samples"), ("date", ""))
        if name in told
    ]
    return f"trained here: {', '.join(known)}" if known else "origin not told"


def _describe(name: str, preset: Preset, kind: str) -> dict[str, Any]:
    from fcot_engine.model import read_weights_info
    from fcot_engine.tracker import find_weights

    told: dict[str, Any] = {
        "file": preset.weights_name,
        "present": False,
        "parameters": _count_parameters(preset),
        "about": "not there",
    }
    path = find_weights(name)
    if path is None:
        return told
    told.update(
        present=True,
        path=str(path),
        megabytes=round(path.stat().st_size / 1e6, 2),
    )
    try:
        told["about"] = summarise_origin(read_weights_info(path))
        told.update(_read_figures(path, kind))
    except WeightsError as error:
        told["about"] = str(error)
    return told


def _read_figures(path: Path, kind: str) -> dict[str, Any]:
    """What was measured, and the speed on this kind of device if it is known."""
    from fcot_engine.tracker import read_scores, scores_path

    scores = read_scores(path)
    if scores is None:
        stale = scores_path(path).is_file()
        return {"scores": "of other weights" if stale else "not measured"}
    told = {name: getattr(scores, name) for name in _FIGURES}
    told.update(
        scores=f"{scores.sequences} sequences, {scores.frames} frames, {scores.date}",
        note=scores.note,
        speeds={speed.name: speed.frames_per_s for speed in scores.speeds},
        frames_per_s=scores.speed_on(kind),
    )
    return told


def _count_parameters(preset: Preset) -> int:
    """How many numbers are learned in a network of a preset, without memory for it."""
    import torch

    from fcot_engine.model import build_network

    with torch.device("meta"):
        network = build_network(preset.network)
    return sum(parameter.numel() for parameter in network.parameters())


def _format_row(name: str, told: Mapping[str, Any]) -> str:
    size = f"{told['megabytes']:.1f} MB" if told["present"] else "-"
    figures = "".join(f"{_number(told.get(key), '.3f'):>7s}" for key in _FIGURES)
    speed = _number(told.get("frames_per_s"), ".0f")
    about = told["about"]
    if "scores" in told:
        about = f"{about}; figures: {told['scores']}"
    return (
        f"{name:8s}{told['file']:20s}{told['parameters'] / 1e6:>7.2f} M{size:>11s}"
        f"{figures}{speed:>10s}  {about}"
    )


def _number(value: float | None, spec: str) -> str:
    return "-" if value is None else format(value, spec)
