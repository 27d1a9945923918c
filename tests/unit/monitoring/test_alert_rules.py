"""The expressions in deploy/prometheus and deploy/grafana parse, and use existing metrics and labels."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from core.health.findings import Health
from core.health.rules import GRACE, due_by
from core.jobs import JobOutcome
from core.timing.cron import read_cron_line
from core.timing.job_times import JobTimes
from monitoring import metrics
from monitoring.health import set_health_metrics
from schedulers import registry
from sender.refusals import Failure

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy/prometheus/alerts.yml"
PROMETHEUS = ROOT / "deploy/prometheus/prometheus.yml"
DASHBOARD = ROOT / "deploy/grafana/tollgate.json"

#: labels added by Prometheus to every target
TARGET = {"job", "instance"}
FUNCTIONS = {"time", "max", "min", "sum", "rate", "increase", "topk", "histogram_quantile"}
WORDS = {"by", "and", "or", "unless"}
#: the tokens of the subset of PromQL that we use
TOKENS = re.compile(
    r"""\s+|(?P<range>\[(?:\d+[smhd]|\$__rate_interval)\])|(?P<labels>\{[^{}]*\})|(?P<by>\bby\s*\([a-z_,\s]*\))
    |(?P<name>[a-z_][a-z0-9_]*)|\d+(\.\d+)?|==|>|<|[()/,+-]""",
    re.VERBOSE,
)
LABEL = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
#: labels with a closed list of values
VALUES = {
    "outcome of tollgate_telegram_calls_total": {"ok", *Failure},
    "outcome of tollgate_job_runs_total": set(JobOutcome),
    "outcome of tollgate_alerts_total": {"reached", "lost"},
    "job": set(registry.JOB_NAMES),
}


def series() -> dict[str, set[str]]:
    """Every series name with its labels."""
    found: dict[str, set[str]] = {"up": set()}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            kind, name, labels = metric._type, metric._name, set(metric._labelnames)
            if kind == "counter":
                found[f"{name}_total"] = labels
            elif kind == "histogram":
                found |= {f"{name}_sum": labels, f"{name}_count": labels, f"{name}_bucket": labels | {"le"}}
            else:
                found[name] = labels
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    found |= {sample.name: set() for family in registry.collect() for sample in family.samples}
    return found


SERIES = series()


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


EXPRESSIONS = list(expressions())


def tokens(expression: str) -> list[tuple[str, str]]:
    """Kind and text of each token. Raises ValueError for an unknown token."""
    found, at = [], 0
    while at < len(expression):
        match = TOKENS.match(expression, at)
        if match is None:
            raise ValueError(f"not to be read: {expression[at:]}")
        found.append((match.lastgroup or "", match.group().strip()))
        at = match.end()
    return [(kind, text) for kind, text in found if text]


def problems(expression: str) -> list[str]:
    """Mistakes of an expression in names, labels, values and brackets."""
    try:
        pieces = tokens(expression)
    except ValueError as error:
        return [str(error)]
    found, asked, name = [], set[str](), ""
    for number, (kind, text) in enumerate(pieces):
        after = pieces[number + 1][1] if number + 1 < len(pieces) else ""
        if kind == "name" and text not in FUNCTIONS | WORDS:
            name = text
            asked |= SERIES.get(text, set()) | TARGET
            found += [] if text in SERIES else [f"there is no metric {text}"]
        elif kind == "name" and text in FUNCTIONS and not (after == "(" or after.startswith("by")):
            found.append(f"{text} of nothing")
        elif kind == "labels":
            found += _wrong_labels(name, text)
    for kind, text in pieces:
        if kind == "by":
            by = {label.strip() for label in text[text.index("(") + 1 : -1].split(",")}
            found += [f"nothing has a label {label}" for label in sorted(by - asked)]
    texts = [text for _, text in pieces]
    return found + ["brackets"] * (texts.count("(") != texts.count(")"))


def _wrong_labels(name: str, text: str) -> list[str]:
    found = []
    matchers = LABEL.findall(text)
    if re.sub(r"[\s,{}]", "", LABEL.sub("", text)):
        found.append(f"labels not to be read: {text}")
    for label, _, value in matchers:
        if label not in SERIES.get(name, set()) | TARGET:
            found.append(f"{name} has no label {label}")
        known = VALUES.get(f"{label} of {name}") or (VALUES.get(label) if label in SERIES.get(name, set()) else None)
        if known is not None:
            found += [
                f"no {label} is {one}" for one in value.split("|") if not any(re.fullmatch(one, k) for k in known)
            ]
        if label == "le":
            family: Any = metrics.REGISTRY._names_to_collectors[name.removesuffix("_bucket")]
            bounds = {str(float(bound)) for bound in family._kwargs["buckets"]}
            found += [] if value in bounds else [f"{name} has no bucket {value}"]
    return found


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=[name for name, _ in EXPRESSIONS])
def test_every_expression_uses_existing_metrics_and_labels(name: str, expression: str) -> None:
    assert problems(expression) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("tollgate_job_run_total > 0", "there is no metric tollgate_job_run_total"),
        ("tollgate_job_runs > 0", "there is no metric tollgate_job_runs"),
        ('tollgate_job_runs_total{kind="x"} > 0', "tollgate_job_runs_total has no label kind"),
        ('tollgate_job_runs_total{outcome="succeded"} > 0', "no outcome is succeded"),
        ('tollgate_job_runs_total{outcome=~"failed|lost"} > 0', "no outcome is lost"),
        ('tollgate_job_runs_total{job="message_eater"} > 0', "no job is message_eater"),
        ("sum by (lane) (tollgate_job_runs_total)", "nothing has a label lane"),
        ("sum(tollgate_job_runs_total", "brackets"),
        ("rate > 0", "rate of nothing"),
        ('tollgate_job_duration_seconds_bucket{le="61.0"}', "tollgate_job_duration_seconds_bucket has no bucket 61.0"),
        ("tollgate_job_runs_total[5 minutes]", "not to be read: [5 minutes]"),
        ("tollgate_job_runs_total{job=backup}", "labels not to be read: {job=backup}"),
    ],
)
def test_an_expression_with_a_mistake_is_found(expression: str, problem: str) -> None:
    assert problem in problems(expression)


def test_every_rule_has_a_severity_a_summary_and_a_description() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert re.fullmatch(r"Tollgate[A-Za-z]+", rule["alert"])
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        # a rule without a comparison would always fire
        assert re.search(r"==|>|<", rule["expr"])
        shown = set(re.findall(r"\$labels\.([a-z]+)", rule["annotations"]["description"]))
        assert shown <= set(re.findall(r"[a-z]+", " ".join(re.findall(r"by \(([a-z, ]*)\)", rule["expr"])))) | (
            TARGET if "up{" in rule["expr"] else set()
        )


def alerted_after(job: str) -> list[int]:
    """Seconds after a job was due at which a rule about its due time fires; `for` included."""
    found = []
    for rule in rules():
        about = re.fullmatch(r'time\(\) - max by \(job\) \((\w+)\{job(=~|!~)"([a-z_|]+)"\}\) > (\d+)', rule["expr"])
        if about is not None and about[1] == "tollgate_job_due_timestamp_seconds":
            is_named = re.fullmatch(about[3], job) is not None
            if is_named == (about[2] == "=~"):
                found.append(int(about[4]) + 60 * int(rule["for"].removesuffix("m")))
    return found


def test_every_job_with_a_schedule_is_alerted_once_and_soon_after_it_was_due() -> None:
    for job in registry.JOB_NAMES:
        (seconds,) = alerted_after(job)
        assert seconds <= 300, job


def test_a_job_that_never_ran_is_due_at_its_second_tick_since_the_first_check() -> None:
    """Whatever its configured times; switched off, paused or without a schedule it is never due."""
    since, zone = datetime(2026, 3, 1, 8, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    times = JobTimes(lines={"backup": read_cron_line("0 4 * * 0")}, off=frozenset({"statistics"}))
    due = {job: due_by(plan, None, None, since, since) for job, plan in registry.plans(zone, times).items()}
    assert due["message_deleter"] == since + timedelta(minutes=2) + GRACE
    assert due["token_count_reset"] == datetime(2026, 3, 2, 23, tzinfo=UTC) + GRACE
    assert due["backup"] == datetime(2026, 3, 15, 3, tzinfo=UTC) + GRACE
    assert [job for job, at in due.items() if at is None] == ["broadcast_sender", "publisher", "statistics"]


def test_metrics_name_jobs_that_have_not_run_yet_and_forget_those_that_are_not_due() -> None:
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    usual = Health(at=at, since=at, succeeded_at={"statistics": at}, due_by={"statistics": at, "backup": at})
    set_health_metrics(usual)
    value = metrics.REGISTRY.get_sample_value
    last, due = "tollgate_job_last_success_timestamp_seconds", "tollgate_job_due_timestamp_seconds"
    assert value(last, {"job": "backup"}) == 0, "it has not run yet"
    assert value(last, {"job": "statistics"}) == value(due, {"job": "backup"}) == at.timestamp()
    set_health_metrics(usual.model_copy(update={"due_by": {"statistics": at}}))
    assert value(due, {"job": "backup"}) is None, "paused, or switched off"


def test_prometheus_loads_the_rules_and_scrapes_their_job() -> None:
    document = yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))
    assert document["rule_files"] == [RULES.name]
    assert [scraped["job_name"] for scraped in document["scrape_configs"]] == ["tollgate"]


def test_the_dashboard_is_self_contained() -> None:
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in document["panels"]]
    assert len(set(places)) == len(places)
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown <= set(re.findall(r"\w+", target["expr"])) | TARGET


def test_labels_are_from_a_short_list_without_personal_data() -> None:
    few = {"bot", "role", "method", "outcome", "lane", "reason", "state", "job", "kind", "provider", "collection"}
    assert {label for name, labels in SERIES.items() if name.startswith("tollgate_") for label in labels} <= few | {
        "le"
    }


def test_every_metric_has_the_prefix_tollgate_and_a_help_text() -> None:
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            assert re.fullmatch(r"tollgate(_[a-z]+)+", metric._name)
            assert metric._documentation
