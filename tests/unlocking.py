"""What verification links are made with, for tests whose subject is something else."""

from zoneinfo import ZoneInfo

from core.clock import Clock
from monitoring.alerts import Alerts
from shorteners.vault import KeyVault
from user_bot.gate.current_shorteners import CurrentShorteners


def no_shorteners(clock: Clock, alerts: Alerts) -> CurrentShorteners:
    """Build the list of a process without SHORTENERS and without a key file."""
    return CurrentShorteners(clock, ZoneInfo("UTC"), alerts, KeyVault(None), {})
