"""`botctl backtest`: a real worker process over history, judged by the reference."""

from __future__ import annotations

import random
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from backtest_page import Page
from botctl_here import Botctl
from builders import RECORDED, a_bot, a_csv, an_exit, parameters
from reference.random_bots import a_random_bot
from reference.random_markets import a_random_market
from reference.simulator import Result, simulate
from reference.trade import MONEY_COLUMNS, TEXT_COLUMNS, TIME_COLUMNS

ETH_BTC = RECORDED / "ETH_BTC-5m.csv"


def assert_traded_as(report: dict[str, Any], expected: Result) -> None:
    """Every trade of the report is the reference's, to the last digit, and the sums follow."""
    made = [_comparable(row) for row in report["trades"]]
    wanted = [{name: row[name] for name in made[0]} for row in expected.all_trades] if made else []
    assert made == wanted
    assert len(made) == len(expected.all_trades)
    assert report["figures"]["trades"] == len(expected.trades)
    net = sum((row["net_pnl"] for row in expected.trades), Decimal(0))
    assert Decimal(report["figures"]["net_pnl"]) == net
    assert (report["open_trade"] is None) == (expected.open_trade is None)


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: row[name] and datetime.fromisoformat(row[name]).replace(tzinfo=None) for name in TIME_COLUMNS}
    numbers = (*MONEY_COLUMNS, "pnl_percentage")
    money = {name: None if row[name] is None else Decimal(row[name]) for name in numbers}
    return {name: row[name] for name in TEXT_COLUMNS} | times | money


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (6, 18))])
def test_a_generated_market_is_traded_as_prescribed(nowhere: Botctl, seed: int) -> None:
    chance = random.Random(seed)
    csv = a_csv(nowhere.folder / "m.csv", a_random_market(chance))
    config = a_random_bot(chance, csv)
    report = nowhere.ask("backtest", nowhere.file(config), "--no-html")
    expected = simulate(config, csv)
    assert len(expected.all_trades) > 3, "a seed without trades shows nothing"
    assert_traded_as(report, expected)
    assert report["figures"]["bars"] <= 600


@pytest.mark.skipif(not ETH_BTC.exists(), reason=f"recorded market data is not at hand ({RECORDED})")
@pytest.mark.slow
def test_a_recorded_market_is_traded_as_prescribed_under_other_fees_and_dates(nowhere: Botctl) -> None:
    bot = nowhere.file(a_bot("nowhere.csv", broker={"cash": 500}))
    options = ("--data", str(ETH_BTC), "--from", "2018-01-12", "--to", "2018-01-14", "--fees", "0.0004", "--no-html")
    report = nowhere.ask("backtest", bot, *options)
    cut = {"fromdate": "2018-01-12", "todate": "2018-01-14"}
    expected = simulate(a_bot(ETH_BTC, broker={"cash": 500, "commission": 0.0004}, data=cut), ETH_BTC)
    assert len(expected.trades) > 20
    assert_traded_as(report, expected)
    assert (report["from"], report["to"]) == ("2018-01-12T00:00:00+00:00", "2018-01-14T23:55:00+00:00")
    assert report["conditions"]["commission_rate"] == "0.0004"


@pytest.mark.slow
def test_a_simulated_market_needs_an_end_and_then_trades(nowhere: Botctl) -> None:
    bot = nowhere.file(a_bot())
    endless = nowhere("backtest", bot, "--no-html")
    assert endless.code == 1
    assert "--bars" in endless.said
    report = nowhere.ask("backtest", bot, "--bars", "1500", "--no-html")
    assert report["figures"]["bars"] == 1480, "20 of the 1500 are history"
    assert report["figures"]["trades"] > 10


@pytest.mark.slow
def test_slippage_costs_money_and_costs_the_same_each_time(nowhere: Botctl) -> None:
    bot = nowhere.file(a_bot())
    exact, slipped, again = (
        nowhere.ask("backtest", bot, "--bars", "800", "--no-html", *more)
        for more in ((), ("--slippage", "0.001"), ("--slippage", "0.001"))
    )
    assert slipped == again
    assert Decimal(slipped["figures"]["net_pnl"]) < Decimal(exact["figures"]["net_pnl"])
    first = Decimal(slipped["trades"][0]["entry_price"]) / Decimal(exact["trades"][0]["entry_price"]) - 1
    assert Decimal("0.0005") <= round(first, 6) <= Decimal("0.0015")


def test_a_bot_of_the_table_is_tried_by_its_name_and_left_alone(botctl: Botctl) -> None:
    botctl.insert(a_bot(name="tried"), status="disabled")
    before = botctl.query("SELECT * FROM trading_bots")
    report = botctl.ask("backtest", "tried", "--bars", "600", "--no-html")
    assert report["bot"] == "tried"
    assert report["trades"]
    assert botctl.query("SELECT * FROM trading_bots") == before
    assert botctl.query("SELECT * FROM trading_trades") == []


def test_the_page_shows_every_trade_and_loads_nothing(nowhere: Botctl) -> None:
    rude = "a </script><b>bold</b> {{ bot }} & co"
    strategy = parameters(exit_logic=an_exit("TimeBasedExitMixin", max_bars=40))
    bot = nowhere.file(a_bot(name=rude, strategy=strategy))
    report = nowhere.ask("backtest", bot, "--bars", "900", "--html", "page.html")
    assert report["html"] == "page.html"
    page = Page(nowhere.folder / "page.html")
    assert page.loads == []
    assert "http" not in page.source
    assert rude in page.text
    assert len(page.data["bars"]) == 900
    closed = [trade for trade in report["trades"] if trade["status"] == "closed"]
    assert len(page.entries) == len(report["trades"]) > 5
    assert len(page.exits) == len(closed)
    for (candle, price), trade in zip(page.entries, report["trades"], strict=True):
        assert price == float(trade["entry_price"])
        entered = datetime.fromisoformat(trade["entry_time"])
        assert page.data["bars"][candle][0] == entered.timestamp() * 1000
    assert page.data["bars"][-1][6] == pytest.approx(float(report["figures"]["end_equity"]))


def test_without_a_name_the_page_is_called_after_the_bot(nowhere: Botctl) -> None:
    outcome = nowhere("backtest", nowhere.file(a_bot(name="Dip / buyer")), "--bars", "600")
    assert outcome.code == 0
    assert Page(nowhere.folder / "backtest-dip-buyer.html").data["bars"]
    for label in ("Win rate", "Profit factor", "Sharpe", "Sortino", "Max drawdown", "Exposure", "Fees", "Exit reason"):
        assert label in outcome.out, label


def test_a_page_that_cannot_be_written_is_told(nowhere: Botctl) -> None:
    outcome = nowhere("backtest", nowhere.file(a_bot()), "--bars", "600", "--html", "no/such/folder/page.html")
    assert outcome.code == 1
    assert "no/such/folder/page.html cannot be written" in outcome.said


def test_an_invalid_config_is_told_as_validate_tells_it(nowhere: Botctl) -> None:
    broken = a_bot(broker={"cash": "much"}, strategy={"parameters": {"entry_logic": {"name": "NoSuchMixin"}}})
    outcome = nowhere("backtest", nowhere.file(broken), "--bars", "10", "--json")
    assert outcome.code == 1
    assert outcome.json["valid"] is False
    told = str(outcome.json["errors"])
    assert "broker.cash" in told
    assert "NoSuchMixin" in told


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--fees", "1.5"), "broker.commission"),
        (("--slippage", "0.5"), "base_slippage"),
        (("--from", "soon"), "data.fromdate"),
        (("--data", "missing.csv"), "missing.csv"),
        (("--data", "bad.csv"), "bad.csv, line 2"),
        (("--data", "good.csv", "--from", "2030-01-01"), "none of them fits"),
        (("--data", "good.csv", "--bars", "5"), "--bars"),
        (("--to", "2024-01-02", "--bars", "5"), "give one of them"),
    ],
)
def test_wrong_options_are_told_and_end_with_an_error(
    nowhere: Botctl, options: tuple[str, ...], complaint: str
) -> None:
    a_csv(nowhere.folder / "good.csv", a_random_market(random.Random(1), 50))
    (nowhere.folder / "bad.csv").write_text("timestamp,open,high,low,close\n1,2,3,x,4\n")
    outcome = nowhere("backtest", nowhere.file(a_bot(data={"todate": "2024-01-02"})), *options, "--no-html")
    assert outcome.code == 1
    assert complaint in outcome.said
    assert "Traceback" not in outcome.said


@pytest.mark.slow
def test_a_strategy_that_fails_is_named_with_its_error(nowhere: Botctl, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = nowhere.folder / "plugins"
    plugins.mkdir()
    (plugins / "faulty.py").write_text(FAULTY)
    monkeypatch.setenv("BOTVISOR_PLUGIN_DIRS", str(plugins))
    bot = a_bot()
    bot["strategy"] = {"type": "Faulty"}
    outcome = nowhere("backtest", nowhere.file(bot), "--bars", "100", "--no-html")
    assert outcome.code == 1
    assert "ZeroDivisionError" in outcome.said


FAULTY = '''
from worker.strategies.contract import BotStrategy


class Faulty(BotStrategy):
    """Divides by nothing on its tenth bar."""

    def on_bar(self):
        if self.desk.bar_number > 30:
            1 / 0
'''


def test_a_market_without_a_trade_has_a_report_too(nowhere: Botctl) -> None:
    csv = a_csv(nowhere.folder / "flat.csv", [(10.0, 10.0, 10.0, 10.0)] * 3)
    report = nowhere.ask("backtest", nowhere.file(a_bot(csv)))
    figures = report["figures"]
    assert (figures["trades"], figures["win_rate"], figures["sharpe"], figures["exposure_pct"]) == (0, None, None, "0")
    assert report["trades"] == []
    assert Page(nowhere.folder / report["html"]).entries == []


@pytest.mark.slow
def test_many_bars_make_a_bounded_page_and_exact_figures(nowhere: Botctl, tmp_path: Path) -> None:
    quiet = a_bot(strategy={"parameters": {"entry_logic": {"name": "RSIOrBBEntryMixin", "params": {"bb_dev": 9}}}})
    quiet["strategy"]["parameters"]["entry_logic"]["params"] |= {"rsi_oversold": 5}
    report = nowhere.ask("backtest", nowhere.file(quiet), "--bars", "10500")
    page = Page(nowhere.folder / report["html"])
    assert report["figures"]["bars"] == 10_480
    assert page.data["barsPerPoint"] == 2
    assert len(page.data["bars"]) == 5250
    assert "Each candle sums up 2 bars" in page.text
