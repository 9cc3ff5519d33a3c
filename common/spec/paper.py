"""Reading `broker.paper_trading_config`: how the simulated venue fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from common.spec.fields import Choice, Field, Flag, Money, Number, Real, Whole
from common.spec.model import PaperMode, PaperSpec, SlippageModel
from common.spec.section import Section

MODE: Choice[PaperMode] = Choice(
    name="mode",
    options=("disabled", "basic", "realistic", "advanced"),
    default="realistic",
    note="disabled switches every imperfection off; the others switch nothing on by themselves",
)
BALANCE = Money(
    name="initial_balance", low=100, high=1_000_000, below=None, unit="money", note="start balance; beats broker.cash"
)
COMMISSION = Number(
    name="commission_rate", low=0, high="0.1", unit="fraction of notional", default_note="broker.commission, else 0.001"
)
SLIPPAGE_MODEL: Choice[SlippageModel] = Choice(
    name="slippage_model", options=("linear", "sqrt", "fixed"), default="linear", note="switches slippage on when given"
)
BASE_SLIPPAGE = Number(
    name="base_slippage",
    low=0,
    high="0.01",
    unit="fraction of price",
    default=Decimal("0.0005"),
    note="switches slippage on when given",
)
LATENCY = Flag(name="latency_simulation", note="true, or either latency, switches latency on", default_note="off")
MIN_LATENCY = Real(name="min_latency_ms", low=0, high=1000, unit="milliseconds", default=10.0)
MAX_LATENCY = Real(
    name="max_latency_ms", low=1, high=5000, unit="milliseconds", default=100.0, note="must be above min_latency_ms"
)
IMPACT = Flag(name="market_impact_enabled", note="true, or a factor, switches impact on", default_note="off")
IMPACT_FACTOR = Number(
    name="market_impact_factor",
    low=0,
    high="0.01",
    unit="fraction of price per unit",
    default=Decimal("0.0001"),
    note="switches impact on when given, unless market_impact_enabled is false",
)
REALISTIC_FILLS = Flag(name="realistic_fills", default=True, note="false: every fill is whole")
PARTIAL_FILLS = Real(name="partial_fill_probability", low=0, high=1, unit="probability", default=0.0)
REJECTS = Real(name="reject_probability", low=0, high="0.5", unit="probability", default=0.0)
QUALITY = Flag(name="enable_execution_quality", default=True, note="grade fills by their slippage")
SEED = Whole(name="seed", low=0, below=2**63, default=0, note="seed of the venue's random numbers")
FIELDS: tuple[Field[Any], ...] = (
    MODE,
    BALANCE,
    COMMISSION,
    SLIPPAGE_MODEL,
    BASE_SLIPPAGE,
    LATENCY,
    MIN_LATENCY,
    MAX_LATENCY,
    IMPACT,
    IMPACT_FACTOR,
    REALISTIC_FILLS,
    PARTIAL_FILLS,
    REJECTS,
    QUALITY,
    SEED,
)
_IMPERFECTIONS: tuple[Field[Any], ...] = (
    SLIPPAGE_MODEL,
    BASE_SLIPPAGE,
    LATENCY,
    MIN_LATENCY,
    MAX_LATENCY,
    IMPACT,
    IMPACT_FACTOR,
    PARTIAL_FILLS,
    REJECTS,
)


def read_paper(paper: Section) -> PaperSpec:
    """The imperfections that were asked for; everything else is off."""
    mode = paper.value(MODE)
    asked = [field.name for field in _IMPERFECTIONS if paper.present(field.name)]
    slippage = _slippage(paper)
    impact = _impact(paper)
    latency = _latency(paper)
    partial, rejects = paper.value(PARTIAL_FILLS), paper.value(REJECTS)
    realistic = paper.value(REALISTIC_FILLS)
    quality, seed = paper.value(QUALITY), paper.value(SEED)
    paper.warn_unknown(FIELDS)
    if not realistic and partial:
        paper.warning(PARTIAL_FILLS.name, "has no effect while realistic_fills is false")
        partial = 0.0
    if mode == "disabled":
        for name in asked:
            paper.warning(name, "has no effect while mode is disabled")
        return PaperSpec(mode=mode, realistic_fills=realistic, enable_execution_quality=quality, seed=seed)
    if paper.present(MODE.name) and not asked:
        paper.warning(MODE.name, "switches nothing on by itself", "name the imperfections you want, e.g. base_slippage")
    return PaperSpec(
        mode=mode,
        slippage_model=slippage[0] if slippage else None,
        base_slippage=slippage[1] if slippage else None,
        market_impact_enabled=impact is not None,
        market_impact_factor=impact,
        min_latency_ms=latency[0],
        max_latency_ms=latency[1],
        partial_fill_probability=partial,
        reject_probability=rejects,
        realistic_fills=realistic,
        enable_execution_quality=quality,
        seed=seed,
    )


def _slippage(paper: Section) -> tuple[SlippageModel, Decimal] | None:
    model, base = paper.value(SLIPPAGE_MODEL), paper.value(BASE_SLIPPAGE)
    asked = paper.present(SLIPPAGE_MODEL.name) or paper.present(BASE_SLIPPAGE.name)
    return (model, base) if asked else None


def _impact(paper: Section) -> Decimal | None:
    enabled, factor = paper.get(IMPACT), paper.value(IMPACT_FACTOR)
    if enabled is False and paper.present(IMPACT_FACTOR.name):
        paper.warning(IMPACT_FACTOR.name, "has no effect while market_impact_enabled is false")
    if enabled is None:
        enabled = paper.present(IMPACT_FACTOR.name)
    return factor if enabled else None


def _latency(paper: Section) -> tuple[float, float]:
    enabled, low, high = paper.get(LATENCY), paper.value(MIN_LATENCY), paper.value(MAX_LATENCY)
    given = [field.name for field in (MIN_LATENCY, MAX_LATENCY) if paper.present(field.name)]
    if given and low >= high:
        remedy = f"min_latency_ms {low:g} must be below max_latency_ms {high:g}"
        paper.error(given[0], "the smallest latency must be below the largest", remedy)
    if enabled is False:
        for name in given:
            paper.warning(name, "has no effect while latency_simulation is false")
    if enabled is None:
        enabled = bool(given)
    return (low, high) if enabled else (0.0, 0.0)
