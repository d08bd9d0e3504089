from __future__ import annotations

import threading

import pytest

from fcot_engine.video import prefetcher
from fcot_engine.video.prefetcher import Prefetcher


@pytest.fixture
def gate():
    """Lets the work go on one item at a time."""
    return threading.Semaphore(0)


def test_wishes_are_filled_in_order():
    done, finished = [], threading.Event()

    def fill(index):
        done.append(index)
        if index == 3:
            finished.set()

    ahead = Prefetcher(fill)
    ahead.request([1, 2, 3])
    assert finished.wait(5)
    ahead.close()
    assert done == [1, 2, 3]


def test_new_request_replaces_what_is_left(gate):
    done, started, finished = [], threading.Event(), threading.Event()

    def fill(index):
        started.set()
        gate.acquire(timeout=5)
        done.append(index)
        if index == 9:
            finished.set()

    ahead = Prefetcher(fill)
    ahead.request([1, 2, 3])
    assert started.wait(5)
    ahead.request([9])
    gate.release()
    gate.release()
    assert finished.wait(5)
    ahead.close()
    assert done == [1, 9]


def test_close_waits_for_the_thread():
    threads = []
    filled = threading.Event()

    def fill(index):
        threads.append(threading.current_thread())
        filled.set()

    ahead = Prefetcher(fill)
    ahead.request([1])
    assert filled.wait(5)
    ahead.close()
    assert not threads[0].is_alive()


def test_closed_prefetcher_starts_nothing():
    done = []
    ahead = Prefetcher(done.append)
    ahead.close()
    ahead.request([1])
    assert done == []


def test_idle_thread_ends_and_starts_again(monkeypatch):
    monkeypatch.setattr(prefetcher, "_IDLE_S", 0.01)
    done = []
    filled = threading.Semaphore(0)

    def fill(index):
        done.append((index, threading.current_thread()))
        filled.release()

    ahead = Prefetcher(fill)
    ahead.request([1])
    assert filled.acquire(timeout=5)
    done[0][1].join(5)
    assert not done[0][1].is_alive()
    ahead.request([2])
    assert filled.acquire(timeout=5)
    ahead.close()
    assert [index for index, _ in done] == [1, 2]
