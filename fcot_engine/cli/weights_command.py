"""`fcot weights`: list, get, show, verify, score; import the authors' checkpoints."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.cli.results import print_json
from fcot_engine.errors import WeightsError

if TYPE_CHECKING:
    from fcot_engine.config import Preset
    from fcot_engine.evaluation import EvaluationReport

EXAMPLES = """\
  fcot weights
  fcot weights get paper --from paper.safetensors
  fcot weights import fcot.pth --out fcot.safetensors
  fcot weights show lite
  fcot weights verify fcot.safetensors
  fcot weights score mine.safetensors --report figures.json --measured-on cuda"""

_FIGURES = ("auc", "p20", "sr50")
_HEADER = (
    f"{'preset':8s}{'file':20s}{'params':>9s}{'size':>11s}"
    f"{'AUC':>7s}{'P20':>7s}{'SR50':>7s}{'frames/s':>10s}  "
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the parts of `fcot weights` and their options; without one, `list`."""
    parser.set_defaults(run_part=_list_presets, json=False)
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
    listing.set_defaults(run_part=_list_presets)

    getting = parts.add_parser("get", help="install weights, or say where they are")
    _add_get_arguments(getting)
    getting.set_defaults(run_part=_get)

    scoring = parts.add_parser("score", help="keep the figures of `fcot eval`")
    _add_score_arguments(scoring)
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


def _list_presets(_: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Facts for `--json`, and a table for people."""
    from fcot_engine.config import PRESETS
    from fcot_engine.tracker import choose_device, choose_preset, name_device

    device = choose_device()
    choice = choose_preset(device)
    presets = {
        name: _describe_preset(name, preset, device.type)
        for name, preset in PRESETS.items()
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


def _summarise_origin(told: Mapping[str, str]) -> str:
    """One line on where weights came from, by their header."""
    if "source_file" in told:
        return f"{told.get('kind', 'weights')}, imported from {told['source_file']}"
    known = [
        f"{told[name]} {text}".strip()
        for name, text in (("samples", "samples"), ("date", ""))
        if name in told
    ]
    return f"trained here: {', '.join(known)}" if known else "origin not told"


def _describe_preset(name: str, preset: Preset, kind: str) -> dict[str, Any]:
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
        told["about"] = _summarise_origin(read_weights_info(path))
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


def _add_get_arguments(part: argparse.ArgumentParser) -> None:
    """Declare the options."""
    part.add_argument("preset", metavar="PRESET", help="which weights")
    part.add_argument(
        "--from",
        dest="source",
        metavar="FILE|FOLDER|URL",
        help="a weights file, a folder that holds <preset>.safetensors, or an address",
    )
    part.add_argument("--sha256", metavar="HEX", help="refuse any other file")


def _get(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Install what `--from` names; without it, say where weights come from.

    `is_done` in the facts says whether the weights are there now.
    """
    from fcot_engine.config import find_preset
    from fcot_engine.tracker import find_weights, user_folder

    preset = find_preset(args.preset)
    if args.source is not None:
        return _install_from(args)
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


def _install_from(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
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


def _add_score_arguments(part: argparse.ArgumentParser) -> None:
    """Declare the options."""
    part.add_argument("which", metavar="FILE|PRESET", help="a file or a preset")
    part.add_argument(
        "--report",
        type=Path,
        required=True,
        metavar="JSON",
        help="what `fcot eval ... --out JSON` wrote with these weights",
    )
    part.add_argument(
        "--measured-on",
        metavar="DEVICE",
        help="cpu, cuda or mps: also keep the speed, measured on that device of this "
        "machine while it had nothing else to do",
    )
    part.add_argument("--note", default="", help="what else one should know")


def _score(args: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Write the figures; speeds on other devices are kept."""
    from fcot_engine.model import read_contents
    from fcot_engine.tracker import (
        DeviceSpeed,
        WeightsScores,
        choose_device,
        name_device,
        read_scores,
        write_scores,
    )

    report, weights = _read_report(args.report), _find(args.which)
    mean = report.mean
    if mean.auc is None:
        raise WeightsError(f"{args.report} holds no AUC. Run `fcot eval` with --out.")
    before = read_scores(weights)
    speeds = {} if before is None else {speed.name: speed for speed in before.speeds}
    if args.measured_on is not None and mean.frames_per_second is not None:
        device = choose_device(args.measured_on)
        name = name_device(device)
        speeds[name] = DeviceSpeed(
            kind=device.type, name=name, frames_per_s=round(mean.frames_per_second, 1)
        )
    scores = WeightsScores(
        tensors_sha256=read_contents(weights).sha256,
        auc=round(mean.auc, 4),
        p20=None if mean.p20 is None else round(mean.p20, 4),
        sr50=None if mean.sr50 is None else round(mean.sr50, 4),
        effort={name: round(value, 2) for name, value in mean.effort.items()},
        sequences=len(report.scores),
        frames=mean.n_frames,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        note=args.note,
        speeds=tuple(speeds.values()),
    )
    if before is not None and not scores.effort:
        scores = replace(scores, effort=before.effort)
    path = write_scores(weights, scores)
    line = f"AUC {scores.auc:.3f} on {scores.sequences} sequences"
    return {"file": str(path), "auc": scores.auc}, [f"Written: {path} ({line})"]


def _read_report(path: Path) -> EvaluationReport:
    from fcot_engine.evaluation import EvaluationReport

    try:
        return EvaluationReport.from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} is no report of `fcot eval`: {error!r}. Write one with --out."
        ) from error


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
