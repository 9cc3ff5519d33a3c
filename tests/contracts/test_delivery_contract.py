"""Journal, link and router together: every entry arrives at least once, in order, within its credit."""

from __future__ import annotations

import resource
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import zmq
from delivery_world import TOKEN, Ledger, Manners, SlidingClock, Supervisor, Worker, until

from common.wire.codec import encode_message
from common.wire.messages import Drain, Goodbye, Heartbeat, Hello, Identify, Pause, Phase, Probe, Throttle
from supervisor.intake.router import Router


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A folder with a short name: a socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="bv-") as name:
        yield Path(name)


@pytest.fixture(params=["ipc", "tcp+curve"])
def make(request: pytest.FixtureRequest, run_dir: Path) -> Callable[[], Router]:
    """Makes routers that come back at the same endpoint, as a restarted supervisor does."""
    if request.param == "ipc":
        return lambda: Router.bind_ipc(run_dir / "intake" / "s")
    return lambda: Router.bind_tcp(run_dir)


def assert_all_once_in_order(ledger: Ledger, count: int) -> None:
    assert ledger.values == list(range(1, count + 1))
    assert [seq for _, seq in ledger.order] == list(range(1, count + 1))


def test_entries_arrive_in_order_and_the_journal_forgets_them(make: Callable[[], Router], tmp_path: Path) -> None:
    supervisor = Supervisor(make, Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key).start()
    worker.write(3000)
    until(worker.link.delivered, "everything is delivered")
    assert_all_once_in_order(supervisor.ledger, 3000)
    assert supervisor.ledger.duplicates == 0
    assert len(list(tmp_path.glob("*.journal"))) == 1
    worker.finish()
    until(lambda: supervisor.of(Goodbye), "the goodbye arrives")
    supervisor.stop()


def test_lost_acknowledgements_and_a_slow_supervisor_keep_to_the_credit(
    make: Callable[[], Router], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.link.conversation.RESEND_AFTER", 0.1)
    supervisor = Supervisor(make, Ledger(), Manners(ack_chance=0.4, batch=3)).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, credit=10).start()
    worker.write(400)
    until(lambda: len(supervisor.ledger.order) >= 390, "almost everything arrives")
    supervisor.manners.ack_chance = 1.0
    until(lambda: len(supervisor.ledger.order) == 400, "everything arrives")
    assert_all_once_in_order(supervisor.ledger, 400)
    assert supervisor.most_unacknowledged <= 10
    supervisor.stop()
    worker.link.finish(Goodbye(cause="drained"), 0)
    worker.journal.close()


def test_the_last_acknowledgement_lost_is_asked_for_again(
    make: Callable[[], Router], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.link.conversation.RESEND_AFTER", 0.2)
    supervisor = Supervisor(make, Ledger(), Manners(ack_chance=0.0)).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, credit=20).start()
    worker.write(20)
    until(lambda: len(supervisor.ledger.order) == 20, "everything is committed")
    assert not worker.link.delivered()
    supervisor.manners.ack_chance = 1.0
    until(worker.link.delivered, "the worker hears of it")
    assert_all_once_in_order(supervisor.ledger, 20)
    worker.finish()
    supervisor.stop()


def test_supervisors_come_and_go_while_the_worker_writes(
    make: Callable[[], Router], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.link.conversation.RESEND_AFTER", 0.1)
    ledger = Ledger()
    supervisor = Supervisor(make, ledger, Manners(ack_chance=0.8, batch=7)).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, credit=32).start()
    for life in range(6):
        worker.write(300)
        until(partial(ledger.holds_more_than, life * 200), "some arrive")
        supervisor.stop()
        worker.write(50)
        manners = Manners(ack_chance=0.8 if life < 5 else 1.0, batch=7)
        supervisor = Supervisor(make, ledger, manners, seed=life).start()
    until(lambda: len(ledger.order) == 2100, "everything arrives")
    until(worker.link.delivered, "everything is acknowledged")
    assert_all_once_in_order(ledger, 2100)
    assert worker.orphaned == 0
    worker.finish()
    supervisor.stop()


def test_the_next_life_delivers_what_the_killed_one_left(make: Callable[[], Router], tmp_path: Path) -> None:
    ledger = Ledger()
    first = Supervisor(make, ledger, Manners(commits=False)).start()
    worker = Worker(tmp_path, first.endpoint, first.server_key).start()
    worker.write(150)
    until(lambda: first.most_unacknowledged == 64, "the credit is used up")
    first.stop()
    worker.link.finish(Goodbye(cause="drained"), 0)
    worker.journal.close()
    second = Supervisor(make, ledger)
    second.lives = {"the secret of life 2": (7, 2)}
    second.start()
    heir = Worker(tmp_path, second.endpoint, second.server_key, token="the secret of life 2", incarnation=2)
    heir.written = 150
    heir.start()
    heir.write(10)
    until(heir.link.delivered, "everything is delivered")
    assert_all_once_in_order(ledger, 160)
    heir.finish()
    second.stop()


def test_a_wrong_token_is_told_and_delivers_nothing_until_its_life_is_admitted(
    make: Callable[[], Router], tmp_path: Path
) -> None:
    supervisor = Supervisor(make, Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, token="nobody's", interval=60).start()
    worker.write(5)
    told = until(lambda: supervisor.suspicious, "the stranger is told of")
    assert {reason for reason, _ in told[0].reasons} == {"unknown token"}
    assert "nobody's" not in told[0].sample
    assert supervisor.ledger.order == []
    supervisor.do(lambda router: router.admit("nobody's", 9, 1))
    until(worker.link.delivered, "admitted at last, it is asked again at once")
    worker.finish()
    supervisor.stop()


def test_garbage_senders_disturb_nobody_and_are_counted(run_dir: Path, tmp_path: Path) -> None:
    path = run_dir / "intake" / "s"
    supervisor = Supervisor(lambda: Router.bind_ipc(path), Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint).start()
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.linger = 0
    stranger.connect(supervisor.endpoint)
    hello = encode_message(Hello(token=TOKEN, incarnation=1, pid=1, generation="g"))
    garbage = (
        (b"",), (b"a", b"b", b"c"), (b"B", b"{}"), (b"H", b"\xff\xfe"), (b"E", b"no entry"), (b"H", b"[" * 9000),
        (b"W", b'{"lease": 1}'), (b"B", b"x" * 100_000), (b"H", b'{"token": "\\ud800"}'), (b"x" * 50, b"y"),
    )  # fmt: skip
    for _ in range(20):
        worker.write(20)
        for frames in garbage:
            stranger.send_multipart(frames)
    for raw in (b"GET / HTTP/1.0\r\n\r\n", b"\xff" * 64, b"\x00" * 64):
        with closing(socket.socket(socket.AF_UNIX)) as peer:
            peer.connect(str(path))
            peer.sendall(raw)
    chooser = context.socket(zmq.DEALER)
    chooser.linger = 0
    chooser.routing_id = b"mine"
    chooser.connect(supervisor.endpoint)
    chooser.send_multipart(hello)
    until(worker.link.delivered, "the honest worker is served")
    until(lambda: {r for s in supervisor.suspicious for r, _ in s.reasons} >= {
        "wrong number of frames", "unknown kind", "oversized message", "unreadable message",
        "failed handshake", "self-chosen routing id"}, "all kinds of garbage are told")  # fmt: skip
    assert_all_once_in_order(supervisor.ledger, 400)
    worker.finish()
    context.destroy(0)
    supervisor.stop()


def test_a_second_connection_with_the_same_token_takes_the_place_of_the_first(run_dir: Path) -> None:
    router = Router.bind_ipc(run_dir / "intake" / "s")
    router.admit(TOKEN, 7, 1)
    context = zmq.Context()
    hello = encode_message(Hello(token=TOKEN, incarnation=1, pid=1, generation="g"))
    beat = encode_message(Heartbeat(phase=Phase.TRADING, bars=1, last_bar_at=None, loop_age=0, unacknowledged=0))
    peers = []
    for _ in range(2):
        peer = context.socket(zmq.DEALER)
        peer.connect(router.endpoint)
        peer.send_multipart(hello)
        peers.append(peer)
        received = until(router.receive, "the Hello arrives")
        assert isinstance(received[0].message, Hello)
    peers[0].send_multipart(beat)
    assert until(lambda: router.receive() or peers[0].poll(1), "the old connection is answered") == zmq.POLLIN
    assert peers[0].recv_multipart() == list(encode_message(Identify()))
    assert router.send(1, Pause(paused=True))
    assert peers[1].poll(2000)
    assert not peers[0].poll(0)
    router.dismiss(1)
    assert not router.send(1, Pause(paused=True))
    context.destroy(0)
    router.close()


def test_a_peer_that_is_gone_is_noticed_and_its_last_words_are_still_read(run_dir: Path) -> None:
    router = Router.bind_ipc(run_dir / "intake" / "s")
    router.admit(TOKEN, 7, 1)
    context = zmq.Context()
    peer = context.socket(zmq.DEALER)
    peer.connect(router.endpoint)
    peer.send_multipart(encode_message(Hello(token=TOKEN, incarnation=1, pid=1, generation="g")))
    until(router.receive, "the Hello arrives")
    peer.send_multipart(encode_message(Goodbye(cause="finished")))
    peer.close(1000)
    context.term()
    until(lambda: not router.ack(1, "journal", 5), "the router notices")
    assert [type(received.message) for received in until(router.receive, "last words")] == [Goodbye]
    router.close()


def test_a_reader_of_many_messages_stops_at_its_limit_and_says_that_more_wait(run_dir: Path) -> None:
    router = Router.bind_ipc(run_dir / "intake" / "s")
    router.admit(TOKEN, 7, 1)
    context = zmq.Context()
    peer = context.socket(zmq.DEALER)
    peer.connect(router.endpoint)
    peer.send_multipart(encode_message(Hello(token=TOKEN, incarnation=1, pid=1, generation="g")))
    for _ in range(100):
        peer.send_multipart((b"E", b"{}"))
    total = until(lambda: len(router.receive(limit=10)), "the first arrive")
    until(lambda: router.receive(limit=10) and router.more_waiting, "more wait")
    peer.close(0)
    context.term()
    assert total <= 10
    router.close()


def test_commands_reach_the_worker_and_phases_the_supervisor_without_waiting_for_a_beat(
    make: Callable[[], Router], tmp_path: Path
) -> None:
    supervisor = Supervisor(make, Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, interval=60).start()
    until(lambda: supervisor.of(Heartbeat), "the first heartbeat follows the welcome")
    worker.enters(Phase.TRADING)
    until(lambda: supervisor.of(Heartbeat)[-1].phase is Phase.TRADING, "the phase is told at once")
    supervisor.do(lambda router: router.send(1, Pause(paused=True)))
    supervisor.do(lambda router: router.send(1, Drain(apply_on_stop=True, reason="disabled")))
    until(lambda: worker.pauses == [True] and worker.drains, "the commands arrive")
    assert worker.drains[0].apply_on_stop
    worker.finish()
    supervisor.stop()


def test_a_heartbeat_tells_the_age_of_the_trading_loop_and_the_backlog(
    make: Callable[[], Router], tmp_path: Path
) -> None:
    supervisor = Supervisor(make, Ledger(), Manners(commits=False)).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, credit=5, interval=0.05).start()
    worker.write(100)
    until(lambda: any(beat.unacknowledged == 100 for beat in supervisor.of(Heartbeat)), "the whole backlog is told")
    until(lambda: supervisor.of(Heartbeat)[-1].loop_age > 0.1, "a loop that stands still grows older")
    worker.progress.last_round = SlidingClock().monotonic()
    until(lambda: supervisor.of(Heartbeat)[-1].loop_age < 0.1, "a round makes it young")
    supervisor.manners.commits = True
    until(worker.link.delivered, "everything is delivered")
    worker.finish()
    supervisor.stop()


def test_the_lease_ends_without_renewals_and_comes_back_with_them(make: Callable[[], Router], tmp_path: Path) -> None:
    clock = SlidingClock()
    supervisor = Supervisor(make, Ledger(), Manners(lease=5.0)).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, clock=clock, grace=100, interval=0.05).start()
    until(lambda: supervisor.of(Heartbeat), "they know each other")
    assert worker.link.may_trade()
    supervisor.manners.renews = False
    clock.slept += 10
    until(lambda: not worker.link.may_trade(), "the lease has run out")
    supervisor.manners.renews = True
    until(worker.link.may_trade, "renewed")
    worker.finish()
    supervisor.stop()
    assert worker.orphaned == 0


def test_a_worker_without_a_supervisor_is_orphaned_once_after_its_grace(run_dir: Path, tmp_path: Path) -> None:
    clock = SlidingClock()
    worker = Worker(tmp_path, f"ipc://{run_dir}/nobody", clock=clock, grace=300, interval=0.05).start()
    worker.write(3)
    clock.slept += 299
    assert worker.orphaned == 0
    clock.slept += 2
    until(lambda: worker.orphaned, "it notices")
    clock.slept += 1000
    worker.link.wake()
    worker.link.finish(Goodbye(cause="orphaned"), 0.2)
    worker.journal.close()
    assert worker.orphaned == 1


def test_a_host_that_slept_longer_than_the_grace_finds_its_supervisor_again(run_dir: Path, tmp_path: Path) -> None:
    clock = SlidingClock()
    supervisor = Supervisor(lambda: Router.bind_ipc(run_dir / "intake" / "s"), Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint, clock=clock, grace=300, interval=0.1).start()
    until(lambda: supervisor.of(Heartbeat), "they know each other")
    beats = len(supervisor.of(Heartbeat))
    clock.slept += 10_000
    assert not worker.link.may_trade()
    until(worker.link.may_trade, "the supervisor renews the lease")
    until(lambda: len(supervisor.of(Heartbeat)) > beats + 5, "life goes on")
    assert worker.orphaned == 0
    worker.finish()
    supervisor.stop()


def test_fifty_thousand_undelivered_entries_cost_disk_and_no_memory(run_dir: Path, tmp_path: Path) -> None:
    manners = Manners(commits=False, batch=500)
    supervisor = Supervisor(lambda: Router.bind_ipc(run_dir / "intake" / "s"), Ledger(), manners).start()
    worker = Worker(tmp_path, supervisor.endpoint, credit=256).start()
    worker.write(2_000)
    until(lambda: supervisor.most_unacknowledged == 256, "the credit is used up")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker.write(48_000)
    until(lambda: supervisor.of(Heartbeat)[-1].unacknowledged == 50_000, "the backlog is known")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 8 * 1024, f"{grown} KiB for 48,000 entries"
    assert supervisor.most_unacknowledged == 256
    manners.commits = True
    until(worker.link.delivered, "everything is delivered", 60)
    assert len(supervisor.ledger.order) == 50_000
    assert [seq for _, seq in supervisor.ledger.order] == list(range(1, 50_001))
    worker.finish()
    supervisor.stop()


def test_a_question_reaches_the_loop_and_its_answer_is_told_without_waiting_for_a_beat(
    make: Callable[[], Router], tmp_path: Path
) -> None:
    supervisor = Supervisor(make, Ledger()).start()
    worker = Worker(tmp_path, supervisor.endpoint, supervisor.server_key, interval=60.0).start()
    until(lambda: supervisor.of(Heartbeat), "the first heartbeat")
    worker.progress.errors("a line")
    supervisor.do(lambda router: router.send(1, Probe(number=3)))
    supervisor.do(lambda router: router.send(1, Throttle(pause_seconds=0.1)))
    until(lambda: worker.throttles == [0.1], "the throttle arrives")
    assert worker.probes == [3]
    assert [beat.answered for beat in supervisor.of(Heartbeat)] == [0], "only the trading loop answers"
    worker.progress.answer()
    until(lambda: supervisor.of(Heartbeat)[-1].answered == 3, "the answer")
    assert supervisor.of(Heartbeat)[-1].errors == 1
    worker.finish()
    supervisor.stop()
