"""How long an erasure takes, and how long what has no setting of its own is kept."""

from datetime import timedelta

#: the activity log
AUDIT_KEPT = timedelta(days=365)
#: join requests, which Telegram reports once
REQUESTS_KEPT = timedelta(days=365)
#: that somebody wants no news, whom nobody saw since
OPT_OUT_KEPT = timedelta(days=365)
#: what was in progress when an erasure was asked for has ended after this: above the lease of a delivery
QUIET_FOR = timedelta(seconds=35)
#: between two searches after that, while something was found
AGAIN_AFTER = timedelta(seconds=5)
#: what is still in progress after this belongs to a process that died, and that nobody takes over
PATIENCE = timedelta(minutes=2)
