"""What a ticket tells, and to whom."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from common import logs
from common.wire.facts import IncidentReported
from common.wire.messages import Goodbye
from common.wire.ticket import Credentials, ExchangeTicket, LinkTicket, Places, RowFacts, Ticket, encode_ticket

MARK = "hunter2hunter2"
TICKET = Ticket(
    row=RowFacts(bot_id=7),
    config={},
    bot_uid="7-abc",
    install_tag="abcd",
    incarnation=3,
    generation="0" * 16,
    link=LinkTicket(endpoint="ipc://x", token="t", heartbeat_interval=5, credit=1, orphan_grace=300, lease=300),
    places=Places(state_dir=Path("/s"), pid_file=Path("/p"), log_file=Path("/l"), output_file=Path("/o")),
    process_title="botvisor: bot 7",
    exchange=ExchangeTicket(
        exchange="binance",
        mode="live",
        credentials=Credentials(api_key=SecretStr(MARK), secret=SecretStr(MARK), password=SecretStr(MARK)),
        bucket_dir=Path("/b"),
    ),
)


def test_only_the_private_channel_carries_credentials_in_clear() -> None:
    read = Ticket.model_validate_json(encode_ticket(TICKET))
    assert read == TICKET
    assert read.exchange is not None
    assert read.exchange.credentials is not None
    assert read.exchange.credentials.texts() == (MARK, MARK, MARK)
    for shown in (repr(TICKET), str(TICKET.exchange), TICKET.model_dump_json(), str(TICKET.model_dump())):
        assert MARK not in shown


def test_a_ticket_without_a_password_comes_back_without_one() -> None:
    bare = Credentials(api_key=SecretStr("k"), secret=SecretStr("s"))
    assert TICKET.exchange is not None
    exchange = TICKET.exchange.model_copy(update={"credentials": bare})
    read = Ticket.model_validate_json(encode_ticket(TICKET.model_copy(update={"exchange": exchange})))
    assert read.exchange is not None
    assert read.exchange.credentials == bare


def test_what_an_exchange_said_is_reported_without_credentials() -> None:
    logs.register_secret("only-known-here")
    said = "binance GET /order?key=only-known-here refused"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    incident = IncidentReported(incident_key="k", severity="error", error_class="E", message=said, at=at)
    for told in (incident.message, Goodbye(cause="failed", detail=said).detail):
        assert told == "binance GET /order?key=[redacted] refused"


def test_a_ticket_that_cannot_be_read_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as broken:
        Ticket.model_validate_json(encode_ticket(TICKET).replace(b'"mode":"live"', b'"mode":"dead"'))
    assert MARK not in str(broken.value)
    with pytest.raises(ValidationError) as broken:
        Credentials.model_validate({"api_key": [MARK], "secret": {"a": MARK}})
    assert MARK not in str(broken.value)


_DYING = """
import faulthandler, os, resource, sys
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
os.chdir(sys.argv[1])
faulthandler.enable()
from common.process import facts_of, forbid_core_files
assert forbid_core_files()
assert facts_of(os.getpid()).resident > 0
def where_it_hangs():
    os.kill(os.getpid(), 6)
where_it_hangs()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="core files and /proc are Linux's")
def test_a_process_with_credentials_leaves_its_stacks_and_no_core_file(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _DYING, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGABRT, done.stderr
    assert "where_it_hangs" in done.stderr
    assert list(tmp_path.iterdir()) == []


_LIMITED = """
import resource
from common.process import forbid_core_files
forbid_core_files()
print(open("/proc/self/status").read().count("CoreDumping"), resource.getrlimit(resource.RLIMIT_CORE))
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the switch is Linux's")
def test_the_memory_of_such_a_process_is_closed_for_good() -> None:
    done = subprocess.run([sys.executable, "-c", _LIMITED], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "(0, 0)" in first
    assert second == "0"
