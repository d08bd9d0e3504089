"""The two files that PyTorch writes a checkpoint to, and whether one is whole.

A *zip* file (PyTorch 1.6 and later) has a checksum for each of its records, which
PyTorch does not look at. A *legacy* file (before) is five pickles, the last of them the
list of the storages whose bytes follow to the end; it has no checksum, so a byte
changed among the numbers cannot be seen in the file itself.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
import zlib
from enum import Enum
from pathlib import Path

from fcot_engine.errors import WeightsError

__all__ = ["Container", "check_all_was_read", "find_container", "is_checkpoint"]

ZIP_START = b"PK\x03\x04"
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickled number that `torch.save` began each file with."""
PICKLES_BEFORE_KEYS = 4  # magic number, version, system, the object itself


class Container(Enum):
    """How a checkpoint is packed."""

    ZIP = "zip"
    LEGACY = "legacy"


def is_checkpoint(path: Path) -> bool:
    """Tell from its first bytes whether a file may be a checkpoint of PyTorch."""
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_START))
    except OSError:
        return False
    return start.startswith((ZIP_START, LEGACY_START))


def find_container(data: bytes, *, name: str) -> Container:
    """Find out how a file is packed, and check that it came through unchanged.

    Args:
        data: the whole file.
        name: of the file, for messages.

    Raises:
        WeightsError: it is no checkpoint of PyTorch, or it is damaged.
    """
    if data.startswith(LEGACY_START):
        return Container.LEGACY
    if data.startswith(ZIP_START):
        _check_zip(data, name)
        return Container.ZIP
    raise WeightsError(
        f"{name} is no checkpoint of PyTorch: {_guess(data)}. "
        "Fetch the file again, or name another one."
    )


def check_all_was_read(
    container: Container, data: bytes, *, end: int, name: str
) -> None:
    """Check that a legacy file held what its list of storages says, and no more.

    Args:
        container: how the file is packed; a zip file was checked before.
        data: the whole file.
        end: where PyTorch stopped reading.
        name: of the file, for messages.

    Raises:
        WeightsError: numbers are left over, or were read twice.
    """
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
