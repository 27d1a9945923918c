"""The metric names that dashboards and alert rules use."""

from prometheus_client import REGISTRY as DEFAULT_REGISTRY

from monitoring.metrics import REGISTRY

NAMES = {
    "tollgate_telegram_calls": ("bot", "method", "outcome"),
    "tollgate_sender_wait_seconds": ("bot", "lane"),
    "tollgate_sender_retries": ("bot", "reason"),
    "tollgate_sender_paused": ("bot",),
    "tollgate_sender_queue_depth": ("bot", "lane"),
    "tollgate_deliveries": ("outcome",),
    "tollgate_deletions": ("outcome",),
    "tollgate_job_runs": ("job", "outcome"),
    "tollgate_job_duration_seconds": ("job",),
    "tollgate_pending_deletions_overdue": (),
    "tollgate_cleanup_deleted": ("kind",),
    "tollgate_updates_held": ("bot",),
    "tollgate_updates_poison": ("bot",),
    "tollgate_polls": ("bot",),
}


def test_every_metric_is_on_our_registry_and_on_no_other() -> None:
    assert {family.name for family in REGISTRY.collect()} >= set(NAMES)
    assert not any(family.name.startswith("tollgate_") for family in DEFAULT_REGISTRY.collect())
