from __future__ import annotations

import io
import zipfile

import pytest
import torch

from fcot_engine.errors import WeightsError
from fcot_engine.released import is_checkpoint, read_checkpoint
from fcot_engine.released.container import Container, find_container

TENSORS = {"a": torch.arange(300.0), "b": torch.arange(9.0)}


def pack(is_zip):
    stream = io.BytesIO()
    torch.save(TENSORS, stream, _use_new_zipfile_serialization=is_zip)
    return stream.getvalue()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


class TestFindContainer:
    def test_both_formats(self, is_zip):
        expected = Container.ZIP if is_zip else Container.LEGACY
        assert find_container(pack(is_zip), name="net.pth") is expected

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param(b"", "it is empty", id="empty"),
            pytest.param(b"\n<!DOCTYPE html><p>Quota", "a web page", id="page"),
            pytest.param(b"\x20" + bytes(7) + b'{"a":', "safetensors", id="ours"),
            pytest.param(b"\x80\x04N.", "begins with other bytes", id="pickle"),
        ],
    )
    def test_other_files_are_told_apart(self, content, message):
        with pytest.raises(WeightsError, match=message):
            find_container(content, name="net.pth")

    def test_changed_number_in_a_zip_is_noticed(self):
        data = bytearray(pack(is_zip=True))
        place = data.find(TENSORS["a"].numpy().tobytes()[:64])
        data[place + 500] ^= 1
        with pytest.raises(WeightsError, match="checksum of its record"):
            find_container(bytes(data), name="net.pth")

    def test_compressed_archive_is_refused(self):
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(pack(is_zip=True))) as old,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for record in old.infolist():
                new.writestr(record.filename, old.read(record))
        with pytest.raises(WeightsError, match="compressed"):
            find_container(stream.getvalue(), name="net.pth")

    def test_other_archive_is_refused(self, path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("photo.jpg", b"\xff\xd8")
        with pytest.raises(WeightsError, match=r"net\.pth is damaged or no checkpoint"):
            read_checkpoint(path)


class TestLegacyFile:
    def test_bytes_left_over_are_noticed(self, path):
        path.write_bytes(pack(is_zip=False) + b"more")
        with pytest.raises(WeightsError, match="4 bytes at its end"):
            read_checkpoint(path)

    def test_storage_named_twice_is_noticed(self, path):
        """One tensor would be read twice, the other stay as memory happened to be."""
        stream = io.BytesIO()
        pair = {"a": torch.zeros(4), "b": torch.ones(4)}
        torch.save(pair, stream, _use_new_zipfile_serialization=False)
        data = stream.getvalue()
        first, second = (
            str(t.untyped_storage()._cdata).encode() for t in pair.values()
        )
        start = data.rfind(b"\x80\x02]")
        keys = data[start:].replace(second, first)
        assert keys != data[start:]
        path.write_bytes(data[:start] + keys)
        with pytest.raises(WeightsError, match="names one twice"):
            read_checkpoint(path)


class TestIsCheckpoint:
    def test_by_content(self, path, is_zip):
        path.write_bytes(pack(is_zip))
        assert is_checkpoint(path)

    def test_other_files_and_none(self, tmp_path, path):
        path.write_bytes(b"text")
        assert not is_checkpoint(path)
        assert not is_checkpoint(tmp_path)
        assert not is_checkpoint(tmp_path / "nothing")
