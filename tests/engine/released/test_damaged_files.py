"""200 damaged checkpoints: each imports exactly or ends in one line of error.

A legacy file has no checksums, so a change among its numbers cannot be told from other
numbers. There, and only there, values may differ; names, shapes and finiteness may not.
"""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch

from fcot_engine.errors import WeightsError
from fcot_engine.released import import_network, read_checkpoint

GENERATOR = torch.Generator().manual_seed(3)
TENSORS = {
    f"{part}.{name}": torch.randn(shape, generator=GENERATOR)
    for part in ("classifier_18.feature_extractor.0", "pyramid_36.res_conv", "third")
    for name, shape in (("weight", (8, 4, 3, 3)), ("bias", (8,)), ("scale", (1,)))
}
SHAPES = {name: value.shape for name, value in TENSORS.items()}


@dataclass(frozen=True)
class Damage:
    """A damaged file, and whether only numbers of a legacy file were changed."""

    data: bytes
    is_in_numbers: bool = False


class Damager:
    """Makes damaged copies of one file, always the same ones."""

    def __init__(self, whole: bytes, tensors: dict[str, torch.Tensor], *, is_zip: bool):
        self.whole = whole
        self.rng = random.Random(20261122)
        self.is_number = np.zeros(len(whole), dtype=bool)
        for value in () if is_zip else tensors.values():
            raw, count = value.numpy().tobytes(), value.numel().to_bytes(8, "little")
            start = whole.index(count + raw) + len(count)
            self.is_number[start : start + len(raw)] = True

    def cut(self) -> Damage:
        return Damage(self.whole[: self.rng.randrange(len(self.whole))])

    def flip(self) -> Damage:
        return self._flip(self.rng.randrange(len(self.whole)))

    def flip_in_structure(self) -> Damage:
        """The same among names, sizes and opcodes, where most of the meaning is."""
        return self._flip(int(self.rng.choice(np.flatnonzero(~self.is_number))))

    def overwrite(self) -> Damage:
        length = self.rng.randrange(2, 40)
        return self._replace(self.rng.randbytes(length))

    def zero(self) -> Damage:
        return self._replace(bytes(self.rng.randrange(16, len(self.whole) // 4)))

    def swap(self) -> Damage:
        """Exchange two stretches, as when pieces of a download are mixed up."""
        length = self.rng.randrange(8, 200)
        one, other = sorted(self.rng.sample(range(len(self.whole) - length), 2))
        length = min(length, other - one)
        data = bytearray(self.whole)
        data[one : one + length] = self.whole[other : other + length]
        data[other : other + length] = self.whole[one : one + length]
        return self._judge(data)

    def noise(self) -> Damage:
        kept = self.rng.randrange(40)
        return Damage(self.whole[:kept] + self.rng.randbytes(400))

    def append(self) -> Damage:
        return Damage(self.whole + self.rng.randbytes(self.rng.randrange(1, 60)))

    def _flip(self, place: int) -> Damage:
        data = bytearray(self.whole)
        data[place] ^= 1 << self.rng.randrange(8)
        return self._judge(data)

    def _replace(self, piece: bytes) -> Damage:
        place = self.rng.randrange(len(self.whole) - len(piece))
        data = bytearray(self.whole)
        data[place : place + len(piece)] = piece
        return self._judge(data)

    def _judge(self, data: bytearray) -> Damage:
        changed = np.frombuffer(data, np.uint8) != np.frombuffer(self.whole, np.uint8)
        inside = bool(self.is_number[changed].all())
        return Damage(bytes(data), is_in_numbers=inside)


COUNTS = {
    "cut": 20,
    "flip": 12,
    "flip_in_structure": 34,
    "overwrite": 12,
    "zero": 6,
    "swap": 8,
    "noise": 4,
    "append": 4,
}
"""100 damaged files a container."""


def _read(path):
    """Read a checkpoint; names and shapes are refused as the importer does.

    The importer itself takes longer; `TestDamagedNetworks` has a few through it.
    """
    found = read_checkpoint(path).tensors
    if {name: value.shape for name, value in found.items()} != SHAPES:
        raise WeightsError("Names or shapes do not fit.")
    return found


def _check(path, damage, read, tensors):
    """Read a damaged file; True if it was taken."""
    path.write_bytes(damage.data)
    try:
        found = read(path)
    except WeightsError as error:
        message = str(error)
        assert message.isprintable() and len(message) < 2000, message
        return False
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert found[name].shape == value.shape, name
        assert bool(torch.isfinite(found[name]).all()), name
        assert damage.is_in_numbers or torch.equal(found[name], value), name
    return True


class TestDamagedCheckpoints:
    @pytest.fixture
    def path(self, save):
        return save(TENSORS)

    @pytest.mark.parametrize("kind", COUNTS)
    def test_is_read_exactly_or_refused_in_one_line(self, path, is_zip, kind):
        damager = Damager(path.read_bytes(), TENSORS, is_zip=is_zip)
        damager.rng.seed(kind)
        taken = 0
        for _ in range(COUNTS[kind]):
            damage = getattr(damager, kind)()
            taken += _check(path, damage, _read, TENSORS)
        if kind in ("cut", "noise"):
            assert taken == 0

    def test_undamaged_file_is_taken(self, path):
        damage = Damage(path.read_bytes())
        assert _check(path, damage, _read, TENSORS)


class TestRearrangedArchives:
    """Whole zip files with right checksums whose records are not where they belong."""

    @pytest.fixture
    def records(self, tmp_path, mock_checkpoint):
        path = tmp_path / "whole.pth"
        mock_checkpoint.save_checkpoint(path, TENSORS, is_zip=True)
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @staticmethod
    def _pack(records):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in records.items():
                archive.writestr(name, content)
        return Damage(stream.getvalue())

    def test_each_record_missing_or_swapped_with_the_next(self, tmp_path, records):
        path = tmp_path / "other.pth"
        names = list(records)
        for name, following in pairwise(names):
            others = {key: records[key] for key in names if key != name}
            swapped = records | {name: records[following], following: records[name]}
            for damage in (self._pack(others), self._pack(swapped)):
                if len(records[name]) != len(records[following]):
                    _check(path, damage, _read, TENSORS)

    def test_shortened_record_is_refused(self, tmp_path, records):
        path = tmp_path / "short.pth"
        for name, content in records.items():
            if "/data/" not in name:
                continue
            damage = self._pack(records | {name: content[:-1]})
            taken = _check(path, damage, _read, TENSORS)
            assert not taken, name

    def test_pickle_of_another_file_is_refused(self, tmp_path, records):
        other = io.BytesIO()
        torch.save({"net": {"third.weight": torch.ones(2)}}, other)
        with zipfile.ZipFile(other) as archive:
            pickled = archive.read("archive/data.pkl")
        (name,) = (name for name in records if name.endswith("data.pkl"))
        damage = self._pack(records | {name: pickled})
        path = tmp_path / "mixed.pth"
        assert not _check(path, damage, _read, TENSORS)


@pytest.mark.slow
class TestDamagedNetworks:
    """A few through the whole importer, with a small network of the paper's kind."""

    def test_is_imported_exactly_or_refused(
        self, save, fcot_tensors, small_config, is_zip
    ):
        def read(path):
            return import_network(path, config=small_config).network.state_dict()

        path = save(fcot_tensors)
        whole = path.read_bytes()
        expected = read(path)
        damager = Damager(whole, fcot_tensors, is_zip=is_zip)
        for kind in ("cut", "flip", "flip", "flip_in_structure", "overwrite", "swap"):
            _check(path, getattr(damager, kind)(), read, expected)
