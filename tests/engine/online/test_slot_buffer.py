from __future__ import annotations

import pytest
import torch

from fcot_engine.errors import ShapeError
from fcot_engine.tracker.memory import SlotBuffer


def rows(*values):
    return torch.tensor(values, dtype=torch.float32)[:, None].expand(-1, 3)


@pytest.fixture
def buffer():
    return SlotBuffer(10, torch.float16)


def firsts(buffer, count):
    return buffer.view(count)[:, 0].tolist()


class TestWrite:
    def test_rows_are_converted(self, buffer):
        buffer.write(0, rows(1, 2))
        assert buffer.view(2).dtype == torch.float16
        assert firsts(buffer, 2) == [1, 2]

    def test_grows_by_half_up_to_the_bound(self, buffer):
        sizes = []
        buffer.write(0, rows(0, 1, 2, 3))
        for slot in range(4, 10):
            buffer.write(slot, rows(slot))
            sizes.append(buffer.nbytes // 6)
        assert sizes == [6, 6, 9, 9, 9, 10]
        assert firsts(buffer, 10) == list(range(10))

    def test_many_rows_at_once_need_no_more_than_their_room(self, buffer):
        buffer.write(0, rows(0, 1))
        buffer.write(2, rows(2, 3, 4, 5, 6))
        assert buffer.nbytes == 7 * 6

    def test_over_the_bound_is_a_slip_of_ours(self, buffer):
        with pytest.raises(AssertionError, match="11 rows, at most 10"):
            buffer.write(9, rows(1, 2))

    def test_overwrites_in_place(self, buffer):
        buffer.write(0, rows(1, 2, 3))
        view = buffer.view(3)
        buffer.write(1, rows(9))
        assert view[:, 0].tolist() == [1, 9, 3]

    def test_gradients_are_not_kept(self, buffer):
        buffer.write(0, rows(1, 2).clone().requires_grad_())
        assert not buffer.view(2).requires_grad


class TestView:
    def test_shares_its_memory(self, buffer):
        buffer.write(0, rows(1, 2, 3))
        assert buffer.view(2).data_ptr() == buffer.view(3).data_ptr()

    def test_nothing_held_takes_no_bytes(self, buffer):
        assert buffer.nbytes == 0


class TestKeep:
    def test_rows_move_up_in_order(self, buffer):
        buffer.write(0, rows(0, 1, 2, 3, 4))
        buffer.keep([0, 2, 4])
        assert firsts(buffer, 3) == [0, 2, 4]

    def test_of_an_empty_one(self, buffer):
        buffer.keep([])
        assert buffer.nbytes == 0


class TestCheck:
    def test_other_shape_is_named(self, buffer):
        buffer.write(0, rows(1))
        with pytest.raises(ShapeError, match=r"got \(2,\) after \(3,\)"):
            buffer.check(torch.zeros(1, 2))
