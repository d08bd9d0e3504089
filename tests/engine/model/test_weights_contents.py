from __future__ import annotations

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from fcot_engine.errors import WeightsError
from fcot_engine.model import read_contents

TENSORS = {
    "b": torch.tensor([[1.0, 2.0]], dtype=torch.float16),
    "a": torch.tensor(7),
}


@pytest.fixture
def contents_of(tmp_path):
    def read(tensors, metadata=None):
        path = tmp_path / "w.safetensors"
        save_file(tensors, path, metadata=metadata)
        return read_contents(path)

    return read


class TestReadContents:
    def test_counts(self, contents_of):
        found = contents_of(TENSORS)
        assert (found.n_tensors, found.n_numbers) == (2, 3)
        assert found.numbers_by_type == {"float16": 2, "int64": 1}

    def test_digest_by_hand(self, contents_of):
        """Name, type, shape and bytes of each tensor, in the order of the names."""
        whole = b"a int64 ()\n" + (7).to_bytes(8, "little")
        whole += b"b float16 (1, 2)\n" + b"\x00\x3c\x00\x40"
        assert contents_of(TENSORS).sha256 == hashlib.sha256(whole).hexdigest()

    def test_header_does_not_count(self, contents_of):
        assert contents_of(TENSORS) == contents_of(TENSORS, {"date": "today"})

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"a": torch.tensor(8)}, id="value"),
            pytest.param({"b": TENSORS["b"].T.contiguous()}, id="shape"),
            pytest.param({"b": TENSORS["b"].bfloat16()}, id="type"),
            pytest.param({"c": torch.ones(1)}, id="name"),
        ],
    )
    def test_anything_else_does(self, contents_of, change):
        before = contents_of(TENSORS).sha256
        assert contents_of(TENSORS | change).sha256 != before

    def test_broken_file_is_one_error(self, tmp_path):
        path = tmp_path / "w.safetensors"
        path.write_bytes(b"no")
        with pytest.raises(WeightsError, match="cannot be read"):
            read_contents(path)
