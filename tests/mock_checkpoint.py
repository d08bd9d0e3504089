"""Checkpoints packed as the released training code packs them, with any tensors.

The classes that such a file names do not exist here; they are made for the time of
writing, in modules of the released names, and taken away again.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor

__all__ = ["FCOT_ARGUMENTS", "released_classes", "save_checkpoint"]

CLASSES = {
    "model_constructor": ("NetConstructor",),
    "stats": ("AverageMeter", "StatValue"),
    "settings": ("Settings",),
    "local": ("EnvironmentSettings",),
}
FCOT_ARGUMENTS = {
    "filter_size": 4,
    "optim_iter": 5,
    "optim_init_step": 0.9,
    "optim_init_reg": 0.1,
    "norm_scale_coef": 1.5,
}


def save_checkpoint(
    path: Path,
    tensors: Mapping[str, Tensor],
    *,
    is_zip: bool,
    network_type: str = "FCOTNet",
    arguments: Mapping[str, object] = FCOT_ARGUMENTS,
    package: str = "ltr.admin",
    extra: Mapping[str, object] | None = None,
) -> Path:
    """Write a checkpoint with everything around the network that is usual."""
    with released_classes(package) as classes:
        content = _outer_dict(tensors, network_type, arguments, classes)
        torch.save(
            {**content, **(extra or {})},
            path,
            _use_new_zipfile_serialization=is_zip,
        )
    return path


@contextmanager
def released_classes(package: str) -> Iterator[SimpleNamespace]:
    """Empty classes of the released names, which can be pickled inside the block."""
    parts = package.split(".")
    names = [".".join(parts[: n + 1]) for n in range(len(parts))]
    made = {name: ModuleType(name) for name in names}
    classes = {}
    for name, members in CLASSES.items():
        module = made[f"{package}.{name}"] = ModuleType(f"{package}.{name}")
        for member in members:
            classes[member] = type(member, (), {"__module__": module.__name__})
            setattr(module, member, classes[member])
    sys.modules.update(made)
    try:
        yield SimpleNamespace(**classes)
    finally:
        for name in made:
            del sys.modules[name]


def _outer_dict(
    tensors: Mapping[str, Tensor],
    network_type: str,
    arguments: Mapping[str, object],
    classes: SimpleNamespace,
) -> dict[str, Any]:
    state = OrderedDict(tensors)
    state._metadata = OrderedDict([("", {"version": 1})])
    return {
        "epoch": 70,
        "actor_type": "FCOTActor",
        "net_type": network_type,
        "net": state,
        "net_info": None,
        "constructor": _make(
            classes.NetConstructor,
            fun_name="make_network",
            fun_module="ltr.models.tracking",
            args=(),
            kwds=dict(arguments),
        ),
        "optimizer": {
            "state": {
                140203: {
                    "step": 350,
                    "exp_avg": torch.rand(3, 2),
                    "exp_avg_sq": torch.rand(3, 2),
                }
            },
            "param_groups": [
                {"lr": 5e-5, "betas": (0.9, 0.999), "params": [140203, 140204]}
            ],
        },
        "stats": OrderedDict(
            train=OrderedDict(
                loss=_make(
                    classes.AverageMeter, avg=0.5, sum=2.0, count=4, history=[0.5]
                ),
                rate=_make(classes.StatValue, val=5e-5, history=[5e-5]),
            )
        ),
        "settings": _make(
            classes.Settings,
            env=_make(classes.EnvironmentSettings, workspace_dir="/data/work"),
            batch_size=10,
            normalize_mean=[0.485, 0.456, 0.406],
            use_gpu=True,
        ),
    }


def _make(kind: type, **attributes: object) -> object:
    made = kind()
    vars(made).update(attributes)
    return made
