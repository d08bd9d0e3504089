from __future__ import annotations

import numpy as np

from fcot_engine.video.frame_cache import FrameCache

FRAME = np.zeros((2, 5, 3), np.uint8)  # 30 bytes


def test_least_recently_used_frame_goes_first():
    cache = FrameCache(60)
    cache.put(1, FRAME)
    cache.put(2, FRAME)
    cache.get(1)
    cache.put(3, FRAME)
    assert [index in cache for index in (1, 2, 3)] == [True, False, True]


def test_bytes_stay_below_the_limit():
    cache = FrameCache(100)
    for index in range(50):
        cache.put(index, FRAME)
    assert (len(cache), cache.n_bytes) == (3, 90)


def test_putting_twice_counts_once():
    cache = FrameCache(100)
    cache.put(1, FRAME)
    cache.put(1, FRAME)
    assert (len(cache), cache.n_bytes) == (1, 30)


def test_frame_larger_than_the_cache_is_not_kept():
    cache = FrameCache(20)
    cache.put(1, FRAME)
    assert (cache.get(1), cache.n_bytes) == (None, 0)


def test_cleared_cache_is_empty():
    cache = FrameCache(100)
    cache.put(1, FRAME)
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)
