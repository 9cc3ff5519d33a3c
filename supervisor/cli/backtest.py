"""`botctl backtest`: a bot's trading over history, in one process and as fast as it goes."""

from __future__ import annotations

from common.wire.backtest import BacktestRequest
from supervisor.cli import trial as trials
from supervisor.cli.history import History
from supervisor.cli.options import Json
from supervisor.cli.session import configured
from supervisor.processes.backtest import run_backtest


def backtest(
    target: trials.Target,
    data: trials.Data = None,
    start: trials.From = None,
    end: trials.To = None,
    bars: trials.Bars = None,
    fees: trials.Fees = None,
    slippage: trials.Slippage = None,
    html: trials.Html = None,
    no_html: trials.NoHtml = False,
    as_json: Json = False,
) -> None:
    """Trade a bot's config over history; print the report and write it as a page. No database is written."""
    history = History(file=data, start=start, end=end, bars=bars, fees=fees, slippage=slippage)
    with configured(as_json) as settings:
        trial = trials.prepare(settings, target, history, as_json=as_json)
        request = BacktestRequest(row=trial.row, config=trial.config, plugin_dirs=settings.plugin_dirs)
        with trials.bar_of("back-test") as bar:
            result = run_backtest(request, bar.show)
        page = trials.page_path(html, no_html, "backtest", trial.spec)
        trials.show(trial, result.trades, result.done, page=page, as_json=as_json, remarks=result.remarks)
