"""The control socket: answers, and nothing a client does holds up or ends the loop that serves it."""

from __future__ import annotations

import json
import os
import selectors
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

from common.errors import ConfigurationError
from supervisor.control.place import LONGEST_SOCKET_PATH, NOTE_NAME, control_path, listen_tcp, listen_unix
from supervisor.control.socket import ControlSocket, ask


class Loop:
    """A control loop of its own, with nothing in it but the socket."""

    def __init__(self, run_dir: Path, answer: Callable[[dict[str, Any]], dict[str, Any]], *, tcp: bool = False) -> None:
        self.run_dir = run_dir
        self.control = ControlSocket(listen_tcp(run_dir) if tcp else listen_unix(control_path(run_dir)), answer)
        self.failure: BaseException | None = None
        self._bell, self._ringer = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException as error:  # noqa: BLE001 - told when the loop is closed
            self.failure = error

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.control.fileno(), selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._bell.fileno() in ready:
                    return
                if self.control.fileno() in ready:
                    for descriptor in self.control.accept():
                        selector.register(descriptor, selectors.EVENT_READ)
                for descriptor in self.control.clients() & ready:
                    if not self.control.serve(descriptor):
                        selector.unregister(descriptor)

    def client(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE)
        client.connect(str(control_path(self.run_dir)))
        return client

    def say(self, *chunks: bytes) -> bytes:
        """Everything that is answered to these bytes."""
        with self.client() as client:
            for chunk in chunks:
                client.sendall(chunk)
            received = b""
            while chunk := client.recv(65536):
                received += chunk
            return received

    def close(self) -> None:
        self._ringer.send(b"!")
        self._thread.join(PATIENCE)
        self.control.close()
        for end in (self._bell, self._ringer):
            end.close()
        if self.failure is not None:
            raise self.failure


def echo(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("do") == "refuse":
        raise ValueError("no such thing")
    return {"got": request, "bulk": "x" * int(request.get("bulk", 0))}


@pytest.fixture
def loop(short_folder: Path) -> Iterator[Loop]:
    loop = Loop(short_folder, echo)
    yield loop
    loop.close()


def test_a_request_is_answered(loop: Loop) -> None:
    assert ask(loop.run_dir, {"do": "status"}) == {"got": {"do": "status"}, "bulk": ""}


def test_a_request_may_come_in_pieces(loop: Loop) -> None:
    assert json.loads(loop.say(b'{"do":', b' "status"', b"}\n"))["got"] == {"do": "status"}


def test_a_large_answer_arrives_whole(loop: Loop) -> None:
    answer = ask(loop.run_dir, {"bulk": 3_000_000}, timeout=PATIENCE)
    assert answer is not None
    assert len(answer["bulk"]) == 3_000_000


@pytest.mark.parametrize(
    "garbage",
    [b"\n", b"nonsense\n", b"\xff\xfe\x00\n", b"[1, 2]\n", b"12\n", b"[" * 60_000 + b"\n", b'{"a":' * 9000 + b"\n"],
    ids=["empty", "words", "bytes", "list", "number", "deep list", "deep object"],
)
def test_garbage_is_answered_with_what_was_not_understood(loop: Loop, garbage: bytes) -> None:
    assert "not understood" in json.loads(loop.say(garbage))["error"]
    assert ask(loop.run_dir, {"do": "status"}) is not None


def test_a_refusal_tells_its_reason(loop: Loop) -> None:
    assert ask(loop.run_dir, {"do": "refuse"}) == {"error": "request not understood: no such thing"}


def test_a_request_without_end_is_cut_off(loop: Loop) -> None:
    with loop.client() as client, pytest.raises(OSError):
        client.sendall(b"x" * 50_000_000)
    assert ask(loop.run_dir, {"do": "status"}) is not None


def test_clients_that_say_nothing_leave_or_do_not_read_hold_nobody_up(loop: Loop) -> None:
    silent, deaf = loop.client(), loop.client()
    deaf.sendall(b'{"bulk": 9000000}\n')
    loop.client().close()
    for number in range(20):
        answer = ask(loop.run_dir, {"n": number})
        assert answer is not None
        assert answer["got"] == {"n": number}
    silent.close()
    deaf.close()


def test_nobody_there_is_no_answer(short_folder: Path) -> None:
    assert ask(short_folder, {"do": "status"}) is None
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(control_path(short_folder)))
    assert ask(short_folder, {"do": "status"}) is None


def test_a_supervisor_that_does_not_answer_is_given_up(short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(control_path(short_folder)))
        deaf.listen(1)
        assert ask(short_folder, {"do": "status"}, timeout=0.05) is None


def test_the_socket_is_its_owners_alone_replaces_a_dead_one_and_goes_in_the_end(short_folder: Path) -> None:
    path = control_path(short_folder)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    control = ControlSocket(listen_unix(path), echo)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    control.close()
    assert not path.exists()


def test_a_path_that_is_too_long_is_refused_with_length_limit_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / ("x" * LONGEST_SOCKET_PATH)
    with pytest.raises(ConfigurationError) as caught:
        ControlSocket(listen_unix(path), echo)
    for part in (str(path), str(len(os.fsencode(path))), str(LONGEST_SOCKET_PATH), "BOTVISOR_RUN_DIR"):
        assert part in str(caught.value)


def test_the_longest_possible_path_works(short_folder: Path) -> None:
    path = short_folder / ("x" * (LONGEST_SOCKET_PATH - len(str(short_folder)) - 1))
    ControlSocket(listen_unix(path), echo).close()


def test_a_folder_in_the_way_is_named(short_folder: Path) -> None:
    path = control_path(short_folder)
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"control\.sock cannot be opened"):
        ControlSocket(listen_unix(path), echo)


def test_on_a_port_only_who_reads_the_note_in_the_run_folder_is_answered(short_folder: Path) -> None:
    loop = Loop(short_folder, echo, tcp=True)
    try:
        note = short_folder / NOTE_NAME
        assert stat.S_IMODE(note.stat().st_mode) == 0o600
        assert ask(short_folder, {"do": "status"}) == {"got": {"do": "status"}, "bulk": ""}
        port = json.loads(note.read_text())["port"]
        for request in ({"do": "status"}, {"do": "status", "token": "x" * 64}, {"do": "status", "token": None}):
            with socket.create_connection(("127.0.0.1", port), 10) as stranger:
                stranger.sendall(json.dumps(request).encode() + b"\n")
                assert b"knows no secret" in stranger.recv(65536)
    finally:
        loop.close()
    assert not note.exists()
    assert ask(short_folder, {"do": "status"}) is None


def test_a_port_listens_on_the_loopback_interface_only(short_folder: Path) -> None:
    place = listen_tcp(short_folder)
    assert place.socket.getsockname()[0] == "127.0.0.1"
    place.close()


def test_whichever_kind_is_opened_what_a_killed_one_of_the_other_kind_left_misleads_nobody(short_folder: Path) -> None:
    listen_tcp(short_folder).socket.close()
    loop = Loop(short_folder, echo)
    assert ask(short_folder, {"do": "x"}) == {"got": {"do": "x"}, "bulk": ""}
    loop.close()
    listen_unix(control_path(short_folder)).socket.close()
    loop = Loop(short_folder, echo, tcp=True)
    assert ask(short_folder, {"do": "x"}) == {"got": {"do": "x"}, "bulk": ""}
    loop.close()
