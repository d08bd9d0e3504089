"""Reading a released checkpoint without running anything from it.

The files are pickles that name classes of the released code. PyTorch's restricted
unpickler (`weights_only=True`) refuses all names but its own; for the time of one load
it is told to make a `StandIn` for exactly the classes that the released training code
writes. A stand-in has no code: it keeps the attributes that were pickled. Whatever else
a file names ends in an error before it is called.

PyTorch writes two kinds of files. A *zip* file (PyTorch 1.6 and later) has a checksum
for each of its records, which PyTorch does not look at. A *legacy* file (before) is
five pickles, the last of them the list of the storages whose bytes follow to the end;
it has no checksum, so a byte changed among the numbers cannot be seen in the file
itself.
"""

from __future__ import annotations

import hashlib
import io
import pickletools
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fcot_engine.errors import WeightsError

PICKLED_CLASSES = (
    "model_constructor.NetConstructor",
    "stats.AverageMeter",
    "stats.StatValue",
    "settings.Settings",
    "local.EnvironmentSettings",
)
PICKLED_PACKAGES = ("ltr.admin", "dlframework.common.utils")  # the second is older
NUMBER_TYPES = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.int64,
)

ZIP_START = b"PK\x03\x04"
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickled number that `torch.save` began each file with."""
PICKLES_BEFORE_KEYS = 4  # magic number, version, system, the object itself

_CONVOLUTION_NDIM = 4


class Container(Enum):
    """How a checkpoint is packed."""

    ZIP = "zip"
    LEGACY = "legacy"


class StandIn:
    """An object of the released code without its code: attributes and nothing else."""


@dataclass(frozen=True, kw_only=True, eq=False)  # tensors do not compare to one bool
class ReleasedCheckpoint:
    """What is of use in a released checkpoint."""

    tensors: dict[str, Tensor]
    """The network's entries by their released names, on the CPU."""
    arguments: Mapping[str, object]
    """What the network was constructed with; empty where the file does not say."""
    network_type: str
    """Name of the released network class; empty where the file does not say."""
    epoch: int | None
    """How many epochs it was trained for, as far as told."""
    container: Container
    """How the file was packed."""
    sha256: str
    """Of the whole file."""
    size: int
    """Of the whole file, in bytes."""


def is_checkpoint(path: Path) -> bool:
    """Tell from its first bytes whether a file may be a checkpoint of PyTorch."""
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_START))
    except OSError:
        return False
    return start.startswith((ZIP_START, LEGACY_START))


def read_checkpoint(path: Path, *, sha256: str | None = None) -> ReleasedCheckpoint:
    """Read a checkpoint of the released training code, or a bare state dict.

    Args:
        path: a file that `torch.save` wrote, in either of its formats.
        sha256: refuse a file with another digest than this one.

    Raises:
        WeightsError: the file is missing, is none, is damaged, names classes that the
            released code does not write, or holds something else than a network.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {error.strerror or error}. Check the path."
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256.strip().lower():
        raise WeightsError(
            f"{path.name} is not the file that was asked for: its SHA-256 is {digest}. "
            "Fetch the file again."
        )
    container = _find_container(data, name=path.name)
    content = _load(data, container, path.name)
    if not isinstance(content, dict):
        raise _no_network(path.name, f"a {type(content).__name__}")
    is_bare = "net" not in content
    outer: dict[Any, Any] = {} if is_bare else content
    epoch, network_type = outer.get("epoch"), outer.get("net_type")
    return ReleasedCheckpoint(
        tensors=_check_tensors(content if is_bare else content["net"], path.name),
        arguments=_read_arguments(outer.get("constructor"), path.name),
        network_type=_shorten(network_type) if isinstance(network_type, str) else "",
        epoch=epoch if type(epoch) is int else None,
        container=container,
        sha256=digest,
        size=len(data),
    )


def _load(data: bytes, container: Container, name: str) -> object:
    """Unpickle with stand-ins; every failure becomes one `WeightsError`."""
    stream = io.BytesIO(data)
    allowed: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        (StandIn, f"{package}.{released}")
        for package in PICKLED_PACKAGES
        for released in PICKLED_CLASSES
    ]
    try:
        # the registration lasts as long as the block
        with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old files: old kinds of storage
            content: object = torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:
        # damaged pickles end in errors of any kind: KeyError, IndexError, struct.error,
        # UnicodeDecodeError, RuntimeError, MemoryError, ...
        raise WeightsError(_explain(name, error)) from error
    _check_all_was_read(container, data, end=stream.tell(), name=name)
    return content


def _explain(name: str, error: Exception) -> str:
    """One line on why a file was refused, without PyTorch's advice to trust it."""
    text = " ".join(str(error).split())
    found = re.search(r"GLOBAL (\S+)", text)
    if found is not None:
        return (
            f"{name} is refused: it names {_shorten(found[1])}, which no checkpoint of "
            "FCOT or DiMP does. Nothing in it was run; do not trust this file."
        )
    if text.startswith("Weights only load failed"):
        reason = "it holds more than tensors, or a byte was changed"
    else:
        reason = _shorten(text.split(". ")[0]) or type(error).__name__
    return f"{name} is damaged or no checkpoint: {reason}. Fetch the file again."


def _no_network(name: str, found: str) -> WeightsError:
    return WeightsError(
        f"{name} holds {found}, where a checkpoint of FCOT or DiMP or its state dict "
        "was expected. Name another file."
    )


def _check_tensors(content: object, name: str) -> dict[str, Tensor]:
    """Check that it is a state dict whose tensors are whole and their own."""
    if not isinstance(content, dict) or not content:
        raise _no_network(name, "no state dict")
    problems = []
    storages: set[int] = set()
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            entry = _shorten(key) if isinstance(key, str) else type(key).__name__
            raise _no_network(name, f"a {type(value).__name__} under {entry}")
        problem = _find_problem(value)
        if problem is None and value.numel():
            address = value.untyped_storage().data_ptr()
            if address in storages:
                problem = "shares its numbers with another tensor"
            storages.add(address)
        if problem is not None:
            problems.append(f"{_shorten(key)} {problem}")
    if problems:
        raise WeightsError(
            f"{name} has {len(problems)} tensors that cannot be used: "
            f"{'; '.join(problems[:8])}. Fetch the file again."
        )
    return {key: value.detach() for key, value in content.items()}


def _shorten(text: str) -> str:
    """Text from a file, fit for one line of a terminal."""
    return "".join(c for c in text[:160] if c.isprintable())


def _find_problem(value: Tensor) -> str | None:
    """What is wrong with a tensor as such, whatever its name.

    A tensor of a state dict fills its storage in order; weights of convolutions, which
    may have been laid out for another library, in any order. One that does not was
    saved as a part of something else, or its sizes were changed.
    """
    if (
        type(value) not in (Tensor, torch.nn.Parameter)
        or value.layout is not torch.strided
        or value.device.type != "cpu"
        or value.is_nested
    ):
        return "is no plain tensor"
    if value.dtype not in NUMBER_TYPES:
        return f"has numbers of type {value.dtype}"
    n_bytes = value.numel() * value.element_size()
    in_order = value
    if value.ndim == _CONVOLUTION_NDIM:
        in_order = value.permute(sorted(range(4), key=value.stride, reverse=True))
    if not in_order.is_contiguous() or value.untyped_storage().nbytes() != n_bytes:
        return "does not fill its storage"
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        return "is not finite"
    return None


def _read_arguments(constructor: object, name: str) -> Mapping[str, object]:
    """Keyword arguments of the pickled constructor; none where it is missing."""
    if constructor is None:
        return {}
    arguments = getattr(constructor, "kwds", None)
    if not isinstance(constructor, StandIn) or not isinstance(arguments, dict):
        raise WeightsError(
            f"{name} is damaged: its constructor has no keyword arguments. "
            "Fetch the file again."
        )
    return {key: value for key, value in arguments.items() if isinstance(key, str)}


def _find_container(data: bytes, *, name: str) -> Container:
    """Find out how a file is packed, and check that it came through unchanged."""
    if data.startswith(LEGACY_START):
        return Container.LEGACY
    if data.startswith(ZIP_START):
        _check_zip(data, name)
        return Container.ZIP
    raise WeightsError(
        f"{name} is no checkpoint of PyTorch: {_guess(data)}. "
        "Fetch the file again, or name another one."
    )


def _check_all_was_read(
    container: Container, data: bytes, *, end: int, name: str
) -> None:
    """Check that a legacy file held what its list of storages says, and no more."""
    if container is Container.ZIP:
        return
    if end != len(data):
        raise WeightsError(
            f"{name} is damaged: {len(data) - end} bytes at its end belong to no "
            "tensor. Fetch the file again."
        )
    keys = _legacy_keys(data, name)
    if len(set(keys)) != len(keys):
        raise WeightsError(
            f"{name} is damaged: its list of tensors names one twice. "
            "Fetch the file again."
        )


def _check_zip(data: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for record in archive.infolist():
                if record.compress_type != zipfile.ZIP_STORED:
                    raise WeightsError(
                        f"{name} is a compressed archive; checkpoints of PyTorch are "
                        "not compressed. Unpack it and name the file inside."
                    )
            broken = archive.testzip()
    except (
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,  # an encrypted record
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise WeightsError(
            f"{name} is damaged: {error}. Fetch the file again."
        ) from error
    if broken is not None:
        raise WeightsError(
            f"{name} is damaged: the checksum of its record {broken!r} is wrong. "
            "Fetch the file again."
        )


def _legacy_keys(data: bytes, name: str) -> list[str]:
    """Names in the list of storages; the pickles are looked at, not loaded."""
    stream = io.BytesIO(data)
    try:
        for _ in range(PICKLES_BEFORE_KEYS):
            for _ in pickletools.genops(stream):
                pass
        return [
            argument
            for _, argument, _ in pickletools.genops(stream)
            if isinstance(argument, str)
        ]
    except ValueError as error:
        raise WeightsError(
            f"{name} is damaged: its list of tensors cannot be read. "
            "Fetch the file again."
        ) from error


def _guess(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if not data:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html")):
        return "it is a web page, as servers send when they refuse a download"
    if data[8:9] == b"{":
        return "it looks like a safetensors file, which needs no import"
    return "it begins with other bytes"
