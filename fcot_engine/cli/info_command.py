"""`fcot info`: what is installed, and what it can use."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

from fcot_engine.cli.results import print_json
from fcot_engine.errors import WeightsError

EXAMPLES = """\
  fcot info
  fcot info --json"""

DISTRIBUTIONS = (
    "napari-fcot", "torch", "numpy", "av", "tifffile", "scikit-image", "napari",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fcot info`."""
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Show it; returns the exit code."""
    facts = _collect_facts()
    if args.json:
        print_json(facts)
    else:
        for line in _format(facts):
            print(line)
    return 0


def _collect_facts() -> dict[str, Any]:
    """Return versions, device, presets and what their weights files say."""
    from fcot_engine.config import PRESETS
    from fcot_engine.tracker import choose_device, name_device

    return {
        "python": platform.python_version(),
        "versions": {name: read_version(name) for name in DISTRIBUTIONS},
        "device": name_device(choose_device()),
        "can_open_window": can_open_window(),
        "presets": {name: _describe_weights(name) for name in PRESETS},
    }


def _describe_weights(preset: str) -> dict[str, Any]:
    from fcot_engine.model import read_weights_info
    from fcot_engine.tracker import default_weights

    try:
        path = default_weights(preset)
        info = read_weights_info(path)
    except WeightsError as error:
        return {"weights": None, "problem": str(error)}
    told = {name: text for name, text in info.items() if name != "network"}
    return {
        "weights": path.name,
        "megabytes": round(path.stat().st_size / 1e6, 2),
        **told,
    }


def _format(facts: dict[str, Any]) -> list[str]:
    shown = {"python": facts["python"], **facts["versions"], "device": facts["device"]}
    shown["window"] = "can be opened" if facts["can_open_window"] else "no"
    lines = [f"{name:14s}{value or 'not installed'}" for name, value in shown.items()]
    for preset, told in facts["presets"].items():
        lines.append(f"preset {preset}")
        lines += [f"  {name:16s}{value}" for name, value in told.items() if value]
    return lines


def read_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def can_open_window(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a screen, and napari with this plugin to show on it."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_screen and all(
        importlib.util.find_spec(name) is not None for name in ("napari", "napari_fcot")
    )
