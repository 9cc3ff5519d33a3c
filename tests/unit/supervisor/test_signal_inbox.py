"""Signals are remembered by their handler and read by the loop, which they wake."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest
from waiting import PATIENCE

from supervisor.intake.poller import Poller
from supervisor.signals import SignalInbox


@pytest.fixture
def inbox() -> Iterator[SignalInbox]:
    inbox = SignalInbox()
    with inbox.listening():
        yield inbox
    inbox.close()


def is_readable(inbox: SignalInbox) -> bool:
    return bool(select.select([inbox.fileno()], [], [], 0)[0])


def test_signals_are_told_in_the_order_they_came_and_once(inbox: SignalInbox) -> None:
    sent = [signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR2, signal.SIGINT]
    for number in sent:
        signal.raise_signal(number)
    assert is_readable(inbox)
    assert inbox.take() == sent
    assert inbox.take() == []
    assert not is_readable(inbox)


def test_a_burst_of_a_thousand_fills_nothing_up_and_loses_no_kind(inbox: SignalInbox) -> None:
    signal.raise_signal(signal.SIGHUP)
    for _ in range(998):
        signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGTERM)
    taken = inbox.take()
    assert len(taken) == 1000
    assert (taken[0], taken[-1]) == (signal.SIGHUP, signal.SIGTERM)
    assert not is_readable(inbox)


def test_the_newest_signals_of_an_endless_burst_are_kept(inbox: SignalInbox) -> None:
    for _ in range(5000):
        signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGTERM)
    assert inbox.take()[-1] is signal.SIGTERM
    signal.raise_signal(signal.SIGHUP)
    assert is_readable(inbox)
    assert inbox.take() == [signal.SIGHUP]


def test_a_signal_ends_the_wait_of_the_loop(inbox: SignalInbox) -> None:
    poller = Poller()
    poller.register(inbox.fileno())
    child = os.fork()
    if child == 0:
        os.kill(os.getppid(), signal.SIGHUP)
        os._exit(0)
    assert poller.wait(PATIENCE) == {inbox.fileno()}
    os.waitpid(child, 0)
    assert inbox.take() == [signal.SIGHUP]


def test_the_handlers_before_come_back(inbox: SignalInbox) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    inner = SignalInbox()
    with inner.listening():
        assert signal.getsignal(signal.SIGUSR1) != before
        signal.raise_signal(signal.SIGUSR1)
        assert inner.take() == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGUSR1) == before
    inner.close()
    signal.raise_signal(signal.SIGUSR1)
    assert inbox.take() == [signal.SIGUSR1]
    assert is_readable(inbox) is False
