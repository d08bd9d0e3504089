from __future__ import annotations

import builtins
import hashlib
import io
import os
import subprocess
import sys
import zipfile

import pytest
import torch

from fcot_engine.errors import WeightsError
from fcot_engine.released import is_checkpoint, read_checkpoint
from fcot_engine.released.checkpoint_reader import StandIn

TENSORS = {
    "conv.weight": torch.arange(24.0).reshape(2, 3, 2, 2),
    "conv.bias": torch.tensor([1e-30, -2.0]),
    "bn.num_batches_tracked": torch.tensor(3),
}


class Call:
    """Pickles as a call that an unrestricted unpickler would make."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class TestRead:
    def test_tensors_come_exactly(self, save):
        found = read_checkpoint(save(TENSORS)).tensors
        assert list(found) == list(TENSORS)
        for name, value in TENSORS.items():
            assert found[name].dtype == value.dtype
            assert torch.equal(found[name], value), name

    def test_what_is_told_about_the_network(self, save, is_zip):
        path = save(TENSORS, arguments={"norm_scale_coef": 1.5, "filter_size": 4})
        found = read_checkpoint(path)
        assert found.arguments == {"norm_scale_coef": 1.5, "filter_size": 4}
        assert (found.network_type, found.epoch) == ("FCOTNet", 70)
        assert found.container.value == ("zip" if is_zip else "legacy")
        assert found.size == path.stat().st_size
        assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()

    def test_older_module_names(self, save):
        found = read_checkpoint(save(TENSORS, package="dlframework.common.utils"))
        assert found.arguments["norm_scale_coef"] == 1.5

    def test_bare_state_dict(self, tmp_path, is_zip):
        path = tmp_path / "bare.pth"
        torch.save(TENSORS, path, _use_new_zipfile_serialization=is_zip)
        found = read_checkpoint(path)
        assert found.tensors.keys() == TENSORS.keys()
        assert (dict(found.arguments), found.epoch) == ({}, None)

    def test_file_that_lost_everything_but_the_network(self, tmp_path, is_zip):
        path = tmp_path / "net.pth"
        torch.save({"net": TENSORS}, path, _use_new_zipfile_serialization=is_zip)
        found = read_checkpoint(path)
        assert (found.network_type, dict(found.arguments)) == ("", {})

    def test_right_digest_is_taken_and_a_wrong_one_refused(self, save):
        path = save(TENSORS)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert read_checkpoint(path, sha256=f" {digest.upper()}\n").sha256 == digest
        with pytest.raises(WeightsError, match=f"its SHA-256 is {digest}"):
            read_checkpoint(path, sha256="0" * 64)


class TestNothingIsLeftBehind:
    def test_no_released_module_and_no_allowed_class(self, save):
        before = set(torch.serialization.get_safe_globals())
        read_checkpoint(save(TENSORS))
        assert set(torch.serialization.get_safe_globals()) == before
        assert not [name for name in sys.modules if name.split(".")[0] == "ltr"]

    def test_not_after_a_refused_file_either(self, save):
        path = save(TENSORS, extra={"more": Call(print, "run")})
        with pytest.raises(WeightsError):
            read_checkpoint(path)
        allowed = torch.serialization.get_safe_globals()
        assert not [entry for entry in allowed if StandIn in (entry, *_parts(entry))]


def _parts(entry):
    return entry if isinstance(entry, tuple) else ()


class TestMaliciousFiles:
    """Each would leave a file behind if any of it was run."""

    @pytest.mark.parametrize(
        ("make", "named"),
        [
            pytest.param(
                lambda mark: Call(os.system, f"touch {mark}"), "system", id="os_system"
            ),
            pytest.param(
                lambda mark: Call(builtins.exec, f"open({str(mark)!r}, 'w')"),
                "exec",
                id="exec",
            ),
            pytest.param(
                lambda mark: Call(builtins.eval, f"open({str(mark)!r}, 'w')"),
                "eval",
                id="eval",
            ),
            pytest.param(
                lambda mark: Call(subprocess.check_output, ["touch", str(mark)]),
                "check_output",
                id="subprocess",
            ),
            pytest.param(
                lambda mark: Call(builtins.open, str(mark), "w"), "open", id="open"
            ),
        ],
    )
    @pytest.mark.parametrize(
        "place", ["outer", "net", "constructor", "settings", "bare"]
    )
    def test_is_refused_and_not_run(
        self, save, tmp_path, one_line, is_zip, make, named, place
    ):
        mark = tmp_path / "was_run"
        call = make(mark)
        if place == "bare":
            path = tmp_path / "fcot.pth"
            torch.save(call, path, _use_new_zipfile_serialization=is_zip)
        elif place == "net":
            path = save(TENSORS | {"conv.extra": call})
        else:
            path = save(TENSORS, extra={place: call})
        with pytest.raises(WeightsError, match="Nothing in it was run") as caught:
            read_checkpoint(path)
        assert named in one_line(caught)
        assert not mark.exists()

    def test_the_same_file_does_run_without_the_restriction(self, save, tmp_path):
        """So that the tests above would notice."""
        mark = tmp_path / "was_run"
        path = tmp_path / "evil.pth"
        torch.save(Call(os.system, f"touch {mark}"), path)
        torch.load(path, weights_only=False)
        assert mark.exists()

    def test_attributes_cannot_replace_the_code_of_a_stand_in(self, save):
        path = save(TENSORS, arguments={"__class__": "x", "__dict__": "y"})
        assert read_checkpoint(path).arguments["__class__"] == "x"

    def test_advice_to_trust_the_file_is_not_passed_on(self, save, one_line):
        with pytest.raises(WeightsError) as caught:
            read_checkpoint(save(TENSORS, extra={"more": Call(print, "run")}))
        assert "weights_only" not in one_line(caught)
        assert "safe_globals" not in str(caught.value)


class TestWrongContent:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param([1, 2], "holds a list", id="list"),
            pytest.param({}, "holds no state dict", id="empty"),
            pytest.param({"net": None}, "holds no state dict", id="no_net"),
            pytest.param({"a": 1}, "a int under a", id="number"),
            pytest.param({3: torch.ones(2)}, "a Tensor under int", id="no_name"),
            pytest.param({"a": torch.ones(2) * 1j}, "complex64", id="complex"),
            pytest.param({"a": torch.ones(2).to_sparse()}, "no plain", id="sparse"),
            pytest.param({"a": torch.tensor([1, torch.nan])}, "not finite", id="nan"),
            pytest.param({"a": torch.tensor([torch.inf])}, "not finite", id="inf"),
            pytest.param({"a": torch.ones(4, 3).T}, "does not fill", id="turned"),
            pytest.param({"a": torch.ones(9)[2:5]}, "does not fill", id="part"),
            pytest.param({"\x1b[1m\na": 2}, r"under \[1ma", id="control"),
        ],
    )
    def test_is_named(self, tmp_path, one_line, is_zip, content, message):
        path = tmp_path / "other.pth"
        torch.save(content, path, _use_new_zipfile_serialization=is_zip)
        with pytest.raises(WeightsError, match=message) as caught:
            read_checkpoint(path)
        assert "other.pth" in one_line(caught)

    def test_tensors_that_share_their_numbers(self, save):
        shared = torch.ones(3)
        with pytest.raises(WeightsError, match="b shares its numbers"):
            read_checkpoint(save({"a": shared, "b": shared}))

    def test_all_bad_tensors_are_named_together(self, save):
        bad = torch.tensor([torch.nan])
        with pytest.raises(WeightsError, match=r"2 tensors.*first is.*second is"):
            read_checkpoint(save({"first": bad, "second": bad.clone()}))

    def test_constructor_of_another_kind(self, save):
        with pytest.raises(WeightsError, match="no keyword arguments"):
            read_checkpoint(save(TENSORS, extra={"constructor": "text"}))

    def test_deeply_repeated_lists_do_not_hang(self, save):
        """Written out, the list would have 2^200 entries."""
        bomb = ["boom"]
        for _ in range(200):
            bomb = [bomb, bomb]
        path = save(TENSORS, arguments={"norm_scale_coef": bomb})
        assert read_checkpoint(path).tensors.keys() == TENSORS.keys()


NUMBERS = {"a": torch.arange(300.0), "b": torch.arange(9.0)}


def pack(is_zip):
    stream = io.BytesIO()
    torch.save(NUMBERS, stream, _use_new_zipfile_serialization=is_zip)
    return stream.getvalue()


def read(path, content):
    path.write_bytes(content)
    return read_checkpoint(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pth"


class TestDamagedContainer:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            pytest.param(b"", "it is empty", id="empty"),
            pytest.param(b"\n<!DOCTYPE html><p>Quota", "a web page", id="page"),
            pytest.param(b"\x20" + bytes(7) + b'{"a":', "safetensors", id="ours"),
            pytest.param(b"\x80\x04N.", "begins with other bytes", id="pickle"),
        ],
    )
    def test_other_files_are_told_apart(self, path, content, message):
        with pytest.raises(WeightsError, match=message):
            read(path, content)

    def test_changed_number_in_a_zip_is_noticed(self, path):
        data = bytearray(pack(is_zip=True))
        place = data.find(NUMBERS["a"].numpy().tobytes()[:64])
        data[place + 500] ^= 1
        with pytest.raises(WeightsError, match="checksum of its record"):
            read(path, bytes(data))

    def test_compressed_archive_is_refused(self, path):
        stream = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(pack(is_zip=True))) as old,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for record in old.infolist():
                new.writestr(record.filename, old.read(record))
        with pytest.raises(WeightsError, match="compressed"):
            read(path, stream.getvalue())

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
