"""Everything that reaches the control loop from outside, and the one place where it waits for it.

Belongs to the control loop: it owns the poller, and reads here whatever its sockets, pipes and processes have to say.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from supervisor.control.requests import Requests
from supervisor.control.socket import ControlSocket
from supervisor.intake.poller import Poller
from supervisor.intake.router import Router
from supervisor.lives.observation import Observation
from supervisor.news import News
from supervisor.processes.adopted import AdoptedLives
from supervisor.processes.port import Launcher
from supervisor.signals import SignalInbox
from supervisor.store.recorder import Recorder


class Inlets:
    """Signals, the recorder, the workers, the processes and the control socket, each with its taker."""

    def __init__(
        self,
        *,
        signals: SignalInbox,
        recorder: Recorder,
        router: Router,
        launcher: Launcher,
        adopted: AdoptedLives,
        control: ControlSocket,
        news: News,
        observation: Observation,
        requests: Requests,
    ) -> None:
        self._signals = signals
        self._recorder = recorder
        self._router = router
        self._launcher = launcher
        self._adopted = adopted
        self._control = control
        self._news = news
        self._observation = observation
        self._requests = requests
        self._poller = Poller()
        self._processes = {*launcher.filenos(), *adopted.filenos()}
        self._descriptors = {recorder.fileno(), signals.fileno(), control.fileno(), *self._processes}
        self._poller.register(router)
        for descriptor in self._descriptors:
            self._poller.register(descriptor)

    @property
    def more_waiting(self) -> bool:
        """Whether workers' messages were left behind for the next turn."""
        return self._router.more_waiting

    def everything(self) -> set[Any]:
        """As if all of them had something to say."""
        return {self._router, *self._descriptors}

    def wait(self, seconds: float) -> AbstractSet[Any]:
        """Which of them have something to say, after at most `seconds`."""
        return self._poller.wait(seconds)

    def wake_at(self) -> float | None:
        """Monotonic time at which there is something to take in although none of them stirs; None when there is not."""
        moments = (self._launcher.wake_at(), self._observation.next_burial())
        return min((moment for moment in moments if moment is not None), default=None)

    def take(self, ready: AbstractSet[Any], now: float, *, processes: bool) -> bool:
        """Take in what is `ready`; True when something of weight changed.

        With `processes` the launcher is asked although nothing stirs: it cleans up after strays then.
        """
        changed = self._signals.fileno() in ready and self._requests.obey(self._signals.take())
        if self._recorder.fileno() in ready:
            changed |= self._news.take(self._recorder.events())
        if self._router in ready or self._router.more_waiting:
            for received in self._router.receive():
                changed |= self._observation.message(received)
        if processes or self._processes_stir(ready, now):
            for event in (*self._launcher.events(), *self._adopted.events()):
                changed |= self._observation.process_event(event)
        changed |= self._observation.bury_speechless(now)
        self._serve_control(ready)
        return changed

    def _processes_stir(self, ready: AbstractSet[Any], now: float) -> bool:
        wake = self._launcher.wake_at()
        return bool(self._processes & ready) or (wake is not None and now >= wake)

    def _serve_control(self, ready: AbstractSet[Any]) -> None:
        arrived: set[int] = set()
        if self._control.fileno() in ready:
            for descriptor in self._control.accept():
                self._poller.register(descriptor)
                arrived.add(descriptor)
        for descriptor in self._control.clients() & (ready | arrived):
            if not self._control.serve(descriptor):
                self._poller.unregister(descriptor)
