from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcot_engine.tracker.samples import pick_evenly, share_out


class TestShareOut:
    @pytest.mark.parametrize(
        ("sizes", "capacity", "expected"),
        [
            pytest.param([23, 23], 92, [23, 23], id="all_fit"),
            pytest.param([23], 10, [10], id="one_box_alone"),
            pytest.param([23] * 6, 92, [22, 11, 12, 12, 12, 23], id="ends_keep_most"),
            pytest.param([23, 2, 23], 20, [9, 2, 9], id="what_one_lacks_others_get"),
            pytest.param([23] * 4, 4, [1, 1, 1, 1], id="unchanged_samples_alone"),
            pytest.param([23] * 5, 3, [1, 0, 0, 1, 1], id="oldest_but_the_first_go"),
            pytest.param([1] * 9, 2, [1] + [0] * 7 + [1], id="first_and_newest"),
        ],
    )
    def test_shares(self, sizes, capacity, expected):
        assert share_out(sizes, capacity) == expected

    @given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(2, 200))
    def test_bound_is_used_up_and_never_exceeded(self, sizes, capacity):
        kept = share_out(sizes, capacity)
        assert sum(kept) == min(sum(sizes), capacity)
        assert all(0 <= k <= size for k, size in zip(kept, sizes, strict=True))
        assert kept[0] >= 1 and kept[-1] >= 1
        assert all(kept) or set(kept) == {0, 1}  # none goes while others have more


class TestPickEvenly:
    @pytest.mark.parametrize(
        ("count", "kept", "expected"),
        [
            pytest.param(6, 3, [0, 2, 4], id="every_other"),
            pytest.param(5, 5, [0, 1, 2, 3, 4], id="all"),
            pytest.param(23, 1, [0], id="unchanged_sample_last"),
            pytest.param(4, 0, [], id="none"),
        ],
    )
    def test_places(self, count, kept, expected):
        assert pick_evenly(count, kept) == expected
