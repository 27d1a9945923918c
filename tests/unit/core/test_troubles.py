"""Open incidents become what the Menu shows first."""

from core.health.troubles import OpenTrouble, TroubleKind, troubles


def test_troubles_come_in_order_of_weight() -> None:
    found = troubles(
        ["health:job_failed:backup", "post:abc", "announcement:7", "channel:-5", "storage:-1", "health:flood:user_bot"]
    )
    assert [one.kind for one in found] == [
        TroubleKind.STORAGE,
        TroubleKind.CHANNEL,
        TroubleKind.ANNOUNCEMENT,
        TroubleKind.POST,
        TroubleKind.BACKUP,
        TroubleKind.PROCESS,
    ]


def test_two_incidents_of_one_channel_are_one_trouble() -> None:
    assert troubles(["channel:-5", "invite_link:-5"]) == [OpenTrouble(TroubleKind.CHANNEL, "-5")]


def test_an_unknown_incident_is_no_trouble() -> None:
    assert troubles(["offer", "refusal:x"]) == []
