"""The table of stored credentials."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from supervisor.store.service_tables import metadata
from supervisor.store.types import UtcDateTime

stored_credentials = Table(
    "stored_credentials",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
)
"""Credentials for exchanges, encrypted with the keys of the service."""
