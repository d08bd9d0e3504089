"""`fcot weights`: list, get, show, verify, score; import the authors' checkpoints."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcot_engine.cli.results import print_json
from fcot_engine.cli.weights_getting import add_get_arguments, get_weights
from fcot_engine.cli.weights_listing import list_presets
from fcot_engine.cli.weights_scoring import add_score_arguments, score_weights
from fcot_engine.errors import WeightsError

__all__ = ["EXAMPLES", "add_arguments", "run"]

EXAMPLES = """\
  fcot weights
  fcot weights get paper --from paper.safetensors
  fcot weights import fcot.pth --out fcot.safetensors
  fcot weights show lite
  fcot weights verify fcot.safetensors
  fcot weights score mine.safetensors --report figures.json --measured-on cuda"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the parts of `fcot weights` and their options; without one, `list`."""
    parser.set_defaults(run_part=list_presets, json=False)
    parts = parser.add_subparsers(title="what to do", metavar="PART")
    add = parts.add_parser("import", help="make a weights file of a checkpoint (.pth)")
    add.add_argument(
        "file", type=Path, help="checkpoint of FCOT, DiMP or an EfficientNet-Lite0"
    )
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

    listing = parts.add_parser("list", help="show the presets and what they score")
    listing.set_defaults(run_part=list_presets)

    getting = parts.add_parser("get", help="install weights, or say where they are")
    add_get_arguments(getting)
    getting.set_defaults(run_part=get_weights)

    scoring = parts.add_parser("score", help="keep the figures of `fcot eval`")
    add_score_arguments(scoring)
    scoring.set_defaults(run_part=_score)

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
    """Do the chosen part; returns the exit code, 1 where weights are not there."""
    facts, lines = args.run_part(args)
    is_done = facts.pop("is_done", True)
    if args.json:
        print_json(facts)
    else:
        for line in lines:
            print(line)
    return 0 if is_done else 1


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


def _score(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    return score_weights(args, _find(args.which))


def _show(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    from fcot_engine.model import read_contents, read_weights_info

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
    from fcot_engine.model import load_network, read_contents

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
    from fcot_engine.config import PRESETS
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


def _format(facts: Mapping[str, Any]) -> list[str]:
    return [f"{name:18s}{value}" for name, value in facts.items()]
