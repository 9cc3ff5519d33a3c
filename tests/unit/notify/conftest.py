"""Servers that notifications are sent to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sinks import MailSink, WebSink
from sqlalchemy import Engine

from supervisor.store.engine import open_engine


@pytest.fixture
def web() -> Iterator[WebSink]:
    sink = WebSink()
    yield sink
    sink.close()


@pytest.fixture
def mail() -> Iterator[MailSink]:
    sink = MailSink()
    yield sink
    sink.close()


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Engine]:
    opened = open_engine(sqlite_url)
    yield opened
    opened.dispose()
