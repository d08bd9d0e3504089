"""Options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fcot_engine.config import SettingValue
    from fcot_engine.tracker import MultiTracker

DEFAULT_FORMATS = ("mot", "coco")


def add_tracker_options(parser: argparse.ArgumentParser) -> None:
    """Declare which tracker to use, for `make_tracker`."""
    group = parser.add_argument_group("tracker")
    group.add_argument(
        "--preset",
        default="auto",
        help="size of the network: lite, base, paper, or auto for the one that suits "
        "the device (auto)",
    )
    group.add_argument(
        "--weights", type=Path, metavar="FILE", help="other weights than those shipped"
    )
    group.add_argument(
        "--settings",
        metavar="NAME",
        help="settings of a benchmark: vot, otb, lasot, nfs, uav or trackingnet; meant "
        "for the paper preset with the authors' weights",
    )
    add_set_option(group)
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or mps (auto)")
    group.add_argument("--seed", type=int, default=0, help="for equal results (0)")


def add_set_option(group: argparse._ActionsContainer) -> None:
    """Declare `--set`."""
    group.add_argument(
        "--set",
        dest="changes",
        type=parse_change,
        action="append",
        default=[],
        metavar="SECTION.FIELD=VALUE",
        help="change one setting, such as regression.blend=0.6; may be repeated",
    )


def chosen_settings(args: argparse.Namespace) -> dict[str, SettingValue]:
    """Changes that `--settings` and `--set` ask for, the later ones last.

    Raises:
        ConfigError: there are no settings of that name.
    """
    from fcot_engine.config import find_benchmark

    named = {} if args.settings is None else find_benchmark(args.settings)
    return {**named, **dict(args.changes)}


def find_preset_name(args: argparse.Namespace) -> str:
    """Name of the preset that the options ask for, also where that is "auto".

    Raises:
        ConfigError: there is no such device.
        WeightsError: the weights cannot be read.
    """
    from fcot_engine.tracker import choose_device, resolve_preset

    device = choose_device(args.device)
    return resolve_preset(args.preset, device, weights=args.weights)


def make_tracker(
    args: argparse.Namespace, changes: Mapping[str, SettingValue] | None = None
) -> MultiTracker[int]:
    """Load the tracker that the options ask for; its results carry no score maps.

    Args:
        args: with the options of `add_tracker_options`.
        changes: settings changed on top of those.

    Raises:
        ConfigError: the preset, a setting or the device is unknown.
        WeightsError: the weights cannot be read or do not fit.
    """
    from fcot_engine.tracker import MultiTracker

    return MultiTracker[int].from_preset(
        args.preset,
        weights=args.weights,
        settings={**chosen_settings(args), **(changes or {})},
        device=args.device,
        seed=args.seed,
        keep_score_maps=False,
    )


def parse_change(text: str) -> tuple[str, str]:
    """Read `SECTION.FIELD=VALUE`; the name is checked when the tracker is made."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not (name and sign and value):
        raise argparse.ArgumentTypeError(
            f"expected SECTION.FIELD=VALUE such as regression.blend=0.6, got {text!r}"
        )
    return name, value


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Read `X,Y,W,H`; whether such a box makes sense is checked against the frame."""
    try:
        x, y, w, h = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected four numbers X,Y,W,H in pixels, got {text!r}"
        ) from None
    return x, y, w, h


@dataclass(frozen=True)
class GivenBox:
    """A box of the command line."""

    box_xywh: tuple[float, float, float, float]
    """Image pixels."""
    label: str = ""
    """Class name; empty if none was given."""

    def labelled(self, label: str) -> GivenBox:
        """Return it with this class name if it has none."""
        return self if self.label else replace(self, label=label)


def parse_given_box(text: str) -> GivenBox:
    """Read `X,Y,W,H` or `LABEL=X,Y,W,H`."""
    label, _, box = text.rpartition("=")
    return GivenBox(parse_box(box), label.strip())


def parse_formats(text: str, *, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Read `mot,coco`; `more` are names that the command knows besides."""
    from fcot_engine.formats import FORMATS

    names, known = parse_names(text.lower()), (*FORMATS, *more)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"unknown format {', '.join(unknown)}; choose from {', '.join(known)}"
        )
    return names


def parse_fractions(text: str) -> tuple[float, ...]:
    """Read numbers above 0 and up to 1 with commas between them."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or not all(0 < value <= 1 for value in values):
        raise argparse.ArgumentTypeError(
            f"expected numbers above 0 and up to 1 such as 0.5,0.7, got {text!r}"
        )
    return values


def parse_names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("expected names with commas between them")
    return names
