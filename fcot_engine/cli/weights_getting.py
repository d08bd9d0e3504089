"""`fcot weights get`: where weights come from, and installing them."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_get_arguments", "get_weights"]


def add_get_arguments(part: argparse.ArgumentParser) -> None:
    """Declare the options."""
    part.add_argument("preset", metavar="PRESET", help="which weights")
    part.add_argument(
        "--from",
        dest="source",
        metavar="FILE|FOLDER|URL",
        help="a weights file, a folder that holds <preset>.safetensors, or an address",
    )
    part.add_argument("--sha256", metavar="HEX", help="refuse any other file")


def get_weights(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Install what `--from` names; without it, say where weights come from.

    `is_done` in the facts says whether the weights are there now.
    """
    from fcot_engine.config import find_preset
    from fcot_engine.tracker import find_weights, user_folder

    preset = find_preset(args.preset)
    if args.source is not None:
        return _install(args)
    path = find_weights(args.preset)
    if path is not None:
        facts = {"preset": args.preset, "path": str(path), "is_done": True}
        return facts, [f"The weights of preset {args.preset!r} are there: {path}"]
    folder = user_folder()
    facts = {
        "preset": args.preset,
        "origin": preset.weights_origin,
        "folder": str(folder),
        "is_done": False,
    }
    name = preset.weights_name
    return facts, [
        f"The weights of preset {args.preset!r} are not installed.",
        preset.weights_origin,
        f"With {name} at hand, also without a network:",
        f"  fcot weights get {args.preset} --from FILE_OR_FOLDER",
        f"  fcot weights get {args.preset} --from https://... --sha256 HEX",
        f"This checks the file and copies it to {folder / name}",
        "Until then everything works with preset 'lite', which is in the package.",
    ]


def _install(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.tracker import install_weights, package_folder

    installed = install_weights(args.preset, args.source, sha256=args.sha256)
    facts = {
        "preset": args.preset,
        "path": str(installed.path),
        "sha256": installed.sha256,
        "has_scores": installed.has_scores,
        "is_done": True,
    }
    lines = [
        f"Installed: {installed.path}",
        f"SHA-256    {installed.sha256}",
        "Figures came with them."
        if installed.has_scores
        else "No figures came with them: `auto` passes them over until `fcot eval` has "
        f"measured them and `fcot weights score {args.preset}` has kept that.",
    ]
    if (package_folder() / installed.path.name).is_file():
        lines.append(
            f"The package has weights of preset {args.preset!r} itself, which come "
            f"first; use these with --weights {installed.path}"
        )
    return facts, lines
