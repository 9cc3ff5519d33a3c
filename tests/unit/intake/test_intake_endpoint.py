from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import zmq

from common.errors import ConfigurationError
from supervisor.intake.endpoint import MAX_PATH, loopback_endpoint, prepare_ipc, socket_path
from supervisor.intake.keys import FILE_NAME, load_keys
from supervisor.intake.router import Router


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bv-") as name:
        yield Path(name)


def test_the_socket_is_private_and_so_is_its_folder(run_dir: Path) -> None:
    router = Router.bind_ipc(socket_path(run_dir))
    path = Path(router.endpoint.removeprefix("ipc://"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert router.server_key is None
    router.close()
    assert not path.exists()


def test_a_path_that_is_too_long_is_named_with_its_length_and_remedy(run_dir: Path) -> None:
    path = run_dir / ("x" * (MAX_PATH - len(str(run_dir))))
    with pytest.raises(ConfigurationError) as caught:
        Router.bind_ipc(path)
    for part in (str(path), f"{MAX_PATH + 1} bytes", str(MAX_PATH), "BOTVISOR_RUN_DIR", "/run/botvisor"):
        assert part in str(caught.value)


def test_the_longest_possible_path_works(run_dir: Path) -> None:
    path = run_dir / ("x" * (MAX_PATH - len(str(run_dir)) - 1))
    router = Router.bind_ipc(path)
    assert path.is_socket()
    router.close()


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="relative"):
        prepare_ipc("ipc://run/s")


def test_a_socket_left_by_a_dead_process_is_replaced(run_dir: Path) -> None:
    path = run_dir / "s"
    with closing(socket.socket(socket.AF_UNIX)) as dead:
        dead.bind(str(path))
    Router.bind_ipc(path).close()


def test_a_socket_that_somebody_listens_on_is_left_alone(run_dir: Path) -> None:
    first = Router.bind_ipc(run_dir / "s")
    with pytest.raises(ConfigurationError, match="another process listens"):
        Router.bind_ipc(run_dir / "s")
    assert (run_dir / "s").is_socket()
    first.close()


def test_a_file_in_the_way_is_not_removed(run_dir: Path) -> None:
    (run_dir / "s").write_text("precious")
    with pytest.raises(ConfigurationError, match="no socket"):
        Router.bind_ipc(run_dir / "s")
    assert (run_dir / "s").read_text() == "precious"


def test_a_folder_that_others_may_write_to_is_refused(run_dir: Path) -> None:
    run_dir.chmod(0o777)
    with pytest.raises(ConfigurationError, match=r"0777.*0700"):
        Router.bind_ipc(run_dir / "s")


def test_a_folder_that_cannot_be_made_is_named(run_dir: Path) -> None:
    (run_dir / "file").write_text("")
    with pytest.raises(ConfigurationError, match="writable"):
        Router.bind_ipc(run_dir / "file" / "intake" / "s")


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:5555", "tcp://*:5555", "inproc://x", "nonsense"])
def test_only_the_loopback_interface_and_ipc_are_possible(endpoint: str) -> None:
    router = Router()
    with pytest.raises(ConfigurationError, match="ipc://"):
        router.bind(endpoint)
    router.close()


def test_tcp_in_the_clear_is_refused() -> None:
    router = Router()
    with pytest.raises(ConfigurationError, match="never used in the clear"):
        router.bind("tcp://127.0.0.1:*")
    router.close()


def test_port_and_keys_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    first = Router.bind_tcp(tmp_path)
    endpoint, key = first.endpoint, first.server_key
    first.close()
    second = Router.bind_tcp(tmp_path)
    assert (second.endpoint, second.server_key) == (endpoint, key)
    assert loopback_endpoint(tmp_path) == "tcp://127.0.0.1:*", "while it is taken"
    second.close()


def test_a_peer_without_the_right_key_is_not_heard(tmp_path: Path) -> None:
    router = Router.bind_tcp(tmp_path)
    context = zmq.Context()
    for with_key in (False, True):
        peer = context.socket(zmq.DEALER)
        peer.linger = 0
        if with_key:
            peer.curve_publickey, peer.curve_secretkey = zmq.curve_keypair()
            peer.curve_serverkey = zmq.curve_keypair()[0]
        peer.connect(router.endpoint)
        peer.send_multipart((b"H", b"{}"))
        assert not router.sources()[0].poll(150)
        peer.close()
    context.term()
    router.close()


def test_the_key_file_is_private_and_a_spoilt_or_open_one_is_refused(tmp_path: Path) -> None:
    keys = load_keys(tmp_path)
    path = tmp_path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keys(tmp_path) == keys
    assert keys.secret not in repr(keys)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="0644"):
        load_keys(tmp_path)
    path.chmod(0o600)
    path.write_text(f"{keys.secret}\n{keys.public}\n")
    with pytest.raises(ConfigurationError, match=f"{os.fspath(path)}.*remove it"):
        load_keys(tmp_path)
