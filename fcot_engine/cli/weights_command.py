"""`fcot weights`: import the authors' checkpoints, list, show and verify files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcot_engine.cli.results import print_json
from fcot_engine.errors import WeightsError

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot weights import fcot.pth --out fcot.safetensors
  fcot weights list
  fcot weights show lite
  fcot weights verify fcot.safetensors"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the four parts of `fcot weights` and their options."""
    parts = parser.add_subparsers(title="what to do", metavar="PART", required=True)
    add = parts.add_parser("import", help="make a weights file of a checkpoint (.pth)")
    add.add_argument("file", type=Path, help="checkpoint of FCOT's or DiMP's authors")
    add.add_argument(
        "--out", type=Path, metavar="FILE", help="default: FILE.safetensors beside it"
    )
    add.add_argument(
        "--norm-scale",
        type=float,
        metavar="X",
        help="norm_scale_coef of a file that does not tell it (1.5 or 2)",
    )
    add.add_argument("--sha256", metavar="HEX", help="refuse any other checkpoint")
    add.add_argument("--force", action="store_true", help="overwrite the result")
    add.set_defaults(run_part=_import)

    listing = parts.add_parser("list", help="show the presets and their files")
    listing.set_defaults(run_part=_list)

    for name, run_part, text in (
        ("show", _show, "show what a weights file says about itself"),
        ("verify", _verify, "check that a weights file is whole and fits"),
    ):
        part = parts.add_parser(name, help=text)
        part.add_argument("which", metavar="FILE|PRESET", help="a file or a preset")
        part.set_defaults(run_part=run_part)
    for part in parts.choices.values():
        part.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Do the chosen part; returns the exit code."""
    facts, lines = args.run_part(args)
    if args.json:
        print_json(facts)
    else:
        for line in lines:
            print(line)
    return 0


def _import(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.released import import_weights

    out: Path = args.out or args.file.with_suffix(".safetensors")
    if out.exists() and args.file.exists() and out.samefile(args.file):
        raise WeightsError(
            f"{out} is the checkpoint itself. Choose another file with --out."
        )
    if out.exists() and not args.force:
        raise WeightsError(
            f"{out} is there already. Choose another file with --out, or overwrite it "
            "with --force."
        )
    imported = import_weights(
        args.file, out, norm_scale=args.norm_scale, sha256=args.sha256
    )
    facts = {"file": str(out), **_measure(out), **imported.provenance}
    return facts, [f"Written: {out}", *_format(imported.provenance)]


def _list(_: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.config.presets import PRESETS

    facts = {name: _describe_preset(name) for name in PRESETS}
    lines = [
        f"{name:14s}{told['file']:24s}{told['megabytes']:>8} MB  {told['about']}"
        if told["present"]
        else f"{name:14s}{told['file']:24s}{'':>8}     {told['about']}"
        for name, told in facts.items()
    ]
    return facts, lines


def _describe_preset(name: str) -> dict[str, Any]:
    from fcot_engine.config.presets import find_preset
    from fcot_engine.model.weights import read_weights_info
    from fcot_engine.tracker import default_weights

    told: dict[str, Any] = {"file": find_preset(name).weights_name, "present": False}
    try:
        path = default_weights(name)
    except WeightsError:
        return {**told, "about": "not there; name a file of your own with --weights"}
    told.update(present=True, path=str(path), **_measure(path))
    try:
        told["about"] = _summarise(read_weights_info(path))
    except WeightsError as error:
        told["about"] = str(error)
    return told


def _show(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.model.weights import read_weights_info
    from fcot_engine.model.weights_contents import read_contents

    path = _find(args.which)
    told = read_weights_info(path)
    contents = read_contents(path)
    facts = {
        "file": str(path),
        **_measure(path),
        "tensors": contents.n_tensors,
        "numbers": contents.n_numbers,
        "stored_as": contents.numbers_by_type,
        **dict(sorted(told.items(), key=lambda item: (item[0] == "network", item))),
    }
    stored = [f"{n} {kind}" for kind, n in contents.numbers_by_type.items()]
    return facts, _format({**facts, "stored_as": ", ".join(stored)})


def _verify(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.model.weights import load_network
    from fcot_engine.model.weights_contents import read_contents

    path = _find(args.which)
    load_network(path)  # checks names, shapes and values
    contents = read_contents(path)
    facts = {
        "file": str(path),
        "tensors": contents.n_tensors,
        "numbers": contents.n_numbers,
        "tensors_sha256": contents.sha256,
    }
    line = (
        f"ok: {path.name}, {contents.n_tensors} tensors, {contents.n_numbers} finite "
        f"numbers, SHA-256 of the tensors {contents.sha256}"
    )
    return facts, [line]


def _find(which: str) -> Path:
    """The weights file that a person means."""
    from fcot_engine.config.presets import PRESETS
    from fcot_engine.released import is_checkpoint
    from fcot_engine.tracker import default_weights

    if which in PRESETS:
        return default_weights(which)
    path = Path(which)
    if not path.is_file():
        raise WeightsError(
            f"There is no file {which!r}, and no such preset; the presets are "
            f"{', '.join(PRESETS)}."
        )
    if is_checkpoint(path):
        raise WeightsError(
            f"{path.name} is a checkpoint of PyTorch. Make a weights file of it with "
            f"`fcot weights import {path.name}` first."
        )
    return path


def _measure(path: Path) -> dict[str, Any]:
    return {"megabytes": round(path.stat().st_size / 1e6, 2)}


def _summarise(told: Mapping[str, str]) -> str:
    """One line on where weights came from."""
    if "source_file" in told:
        return f"{told.get('kind', 'weights')}, imported from {told['source_file']}"
    known = [
        f"{told[name]} {text}".strip()
        for name, text in (("samples", "samples"), ("date", ""))
        if name in told
    ]
    return f"trained here: {', '.join(known)}" if known else "origin not told"


def _format(facts: Mapping[str, Any]) -> list[str]:
    return [f"{name:18s}{value}" for name, value in facts.items()]
