"""The bot spec: the config of a row of `trading_bots`, in any of its historic spellings, read into frozen models.

`read_spec` is a pure function that reports every problem at once. Nothing here opens a file, asks the time,
knows which strategies exist, or decides whether a bot runs.
"""

from common.spec.generation import generation_of
from common.spec.model import (
    BotSpec,
    BrokerSpec,
    DataSpec,
    FileSpec,
    LogicSpec,
    NotificationSpec,
    PaperSpec,
    RiskSpec,
    StrategySpec,
    TradingSpec,
)
from common.spec.problems import Problem, missing_file_problem
from common.spec.read import SpecReading, read_spec

__all__ = [
    "BotSpec",
    "BrokerSpec",
    "DataSpec",
    "FileSpec",
    "LogicSpec",
    "NotificationSpec",
    "PaperSpec",
    "Problem",
    "RiskSpec",
    "SpecReading",
    "StrategySpec",
    "TradingSpec",
    "generation_of",
    "missing_file_problem",
    "read_spec",
]
