"""Identities are functions of their inputs, of fixed width, and never truncated."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import BotvisorError
from common.identity import base36, bot_uid, install_tag, mint_client_order_id

DIGITS = set("0123456789abcdefghijklmnopqrstuvwxyz")


@given(st.integers(min_value=0, max_value=36**5 - 1))
def test_base_36_is_what_int_reads_back_zero_padded(value: int) -> None:
    text = base36(value, 5)
    assert len(text) == 5
    assert int(text, 36) == value


@pytest.mark.parametrize("value", [-1, 36**4, 36**9])
def test_a_number_that_does_not_fit_is_refused_by_name(value: int) -> None:
    with pytest.raises(BotvisorError, match=f"{value} does not fit in 4"):
        base36(value, 4)


@given(
    bot=st.integers(min_value=0, max_value=36**4 - 1),
    life=st.integers(min_value=0, max_value=36**5 - 1),
    sequence=st.integers(min_value=0, max_value=36**5 - 1),
)
def test_an_order_id_is_18_characters_and_tells_bot_life_and_sequence(bot: int, life: int, sequence: int) -> None:
    order = mint_client_order_id("abcd", bot, life, sequence)
    assert len(order) == 18
    assert set(order) <= DIGITS
    assert (order[:4], int(order[4:8], 36), int(order[8:13], 36), int(order[13:], 36)) == ("abcd", bot, life, sequence)


@pytest.mark.parametrize("parts", [(36**4, 1, 1), (1, 36**5, 1), (1, 1, 36**5)])
def test_an_order_id_that_would_overflow_is_refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(BotvisorError):
        mint_client_order_id("abcd", *parts)


@given(st.text())
def test_an_install_tag_is_four_characters_and_the_same_each_time(uuid: str) -> None:
    tag = install_tag(uuid)
    assert tag == install_tag(uuid)
    assert len(tag) == 4
    assert set(tag) <= DIGITS


def test_a_row_made_again_under_the_same_id_is_another_bot() -> None:
    first = datetime(2024, 1, 1, tzinfo=UTC)
    ids = {bot_uid("db", 7, first), bot_uid("db", 7, None), bot_uid("db2", 7, first), bot_uid("db", 8, first)}
    assert len(ids) == 4
    assert bot_uid("db", 7, first) == bot_uid("db", 7, first)
    assert bot_uid("db", 7, first).startswith("7-")
