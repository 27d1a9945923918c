"""Rules of the gate: bans, channels, access, token checks, and days with daylight saving."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.access import (
    Admitted,
    Banned,
    Earned,
    NoAccess,
    NotSubscribed,
    StepsBefore,
    ban_of,
    decide,
    earned,
    expired_charges,
    needs_channel_check,
    steps_before,
)
from core.days import start_of_day
from core.posts import Post, PostAccess
from core.settings import AccessMode, BotSettings
from core.subscriptions import (
    REMEMBERED_FOR,
    Channel,
    ChannelMode,
    JoinStatus,
    Membership,
    MembershipStatus,
    OnError,
    Subscription,
    join_status,
    required_channels,
    status_of,
    subscription,
)
from core.users import Charge, User, is_banned
from core.verification import Origin, Token, TokenStatus, VerificationResult, check_token

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)
CODE, OTHER = "aB3dE6gH9jK2mN5p", "bB3dE6gH9jK2mN5p"
OPEN, CREDITS, PASS = (BotSettings(access_mode=mode) for mode in AccessMode)
FREE = Subscription()


def user(**fields: Any) -> User:
    return User(**({"user_id": 502, "first_name": "Alice", "joined_at": NOW, "last_seen_at": NOW} | fields))


def channel(chat_id: int = -1, **fields: Any) -> Channel:
    return Channel(chat_id=chat_id, invite_link="https://t.me/+x", **fields)


def membership(status: MembershipStatus, seen_at: datetime = NOW) -> Membership:
    return Membership(chat_id=-1, user_id=502, status=status, seen_at=seen_at)


# the gate


def test_open_mode_admits_everyone_who_is_not_banned() -> None:
    assert decide(user(), OPEN, FREE, NOW, code=CODE) == Admitted()


def test_a_ban_comes_first_and_ends_at_its_time() -> None:
    kept_out = Subscription(missing=(channel(),))
    banned = user(is_banned=True, ban_reason="spam", banned_until=NOW, credits=5)
    assert decide(banned, OPEN, kept_out, NOW - MS, code=CODE) == Banned("spam", NOW)
    assert decide(banned, OPEN, FREE, NOW, code=CODE) == Admitted()
    assert is_banned(user(is_banned=True), NOW + timedelta(days=9999))


def test_channels_come_before_access() -> None:
    kept_out = Subscription(missing=(channel(-1),), hidden=(channel(-2),))
    assert decide(user(), CREDITS, kept_out, NOW, code=CODE) == NotSubscribed(kept_out)
    assert decide(user(), CREDITS, FREE, NOW, code=CODE) == NoAccess()


def test_admins_always_pass_and_are_never_charged() -> None:
    kept_out = Subscription(missing=(channel(),))
    for person in (user(is_banned=True), user(credits=3), user()):
        assert decide(person, CREDITS, kept_out, NOW, code=CODE, is_admin=True) == Admitted()


def test_telegram_is_not_asked_about_admins_and_banned_users() -> None:
    assert needs_channel_check(user(), NOW)
    assert not needs_channel_check(user(is_banned=True), NOW)
    assert not needs_channel_check(user(), NOW, is_admin=True)


# a post's own access

ACCESS, FREE_OF_CHARGE, NO_CHANNELS = PostAccess.SETTINGS, PostAccess.FREE, PostAccess.FREE_WITHOUT_CHANNELS


@pytest.mark.parametrize("settings", [CREDITS, PASS])
def test_a_free_post_asks_for_channels_and_for_no_credit(settings: BotSettings) -> None:
    kept_out = Subscription(missing=(channel(),))
    assert decide(user(), settings, kept_out, NOW, code=CODE, access=FREE_OF_CHARGE) == NotSubscribed(kept_out)
    assert decide(user(), settings, FREE, NOW, code=CODE, access=FREE_OF_CHARGE) == Admitted()
    assert decide(user(credits=5), settings, FREE, NOW, code=CODE, access=FREE_OF_CHARGE) == Admitted()
    assert decide(user(), settings, FREE, NOW, code=CODE, access=ACCESS) == NoAccess()


def test_a_post_without_channels_asks_for_nothing() -> None:
    kept_out = Subscription(missing=(channel(),))
    assert decide(user(), CREDITS, kept_out, NOW, code=CODE, access=NO_CHANNELS) == Admitted()
    assert not needs_channel_check(user(), NOW, access=NO_CHANNELS)
    assert needs_channel_check(user(), NOW, access=FREE_OF_CHARGE)


@pytest.mark.parametrize("access", PostAccess)
def test_a_ban_stays_a_ban_whatever_the_post(access: PostAccess) -> None:
    banned = user(is_banned=True, ban_reason="spam")
    assert decide(banned, OPEN, FREE, NOW, code=CODE, access=access) == Banned("spam", None) == ban_of(banned, NOW)
    assert decide(banned, OPEN, FREE, NOW, code=CODE, access=access, is_admin=True) == Admitted()
    assert ban_of(banned, NOW, is_admin=True) is None
    assert ban_of(user(is_banned=True, banned_until=NOW), NOW) is None


@pytest.mark.parametrize(
    ("access", "settings", "steps"),
    [
        (ACCESS, OPEN, StepsBefore(2, False)),
        (ACCESS, CREDITS, StepsBefore(2, True)),
        (ACCESS, PASS, StepsBefore(2, True)),
        (FREE_OF_CHARGE, CREDITS, StepsBefore(2, False)),
        (NO_CHANNELS, CREDITS, StepsBefore()),
    ],
)
def test_steps_before_a_post_are_those_the_gate_asks_of_somebody_new(
    access: PostAccess, settings: BotSettings, steps: StepsBefore
) -> None:
    post = Post(
        code=CODE,
        number=1,
        storage_chat_id=-1,
        message_ids=(1,),
        item_count=1,
        created_by=1,
        created_at=NOW,
        access=access,
    )
    assert steps_before(post, settings, 2) == steps
    kept_out = Subscription(missing=(channel(),))
    verdict = decide(user(), settings, kept_out, NOW, code=CODE, access=access)
    assert isinstance(verdict, NotSubscribed) is bool(steps.channels)
    verdict = decide(user(), settings, FREE, NOW, code=CODE, access=access)
    assert isinstance(verdict, NoAccess) is steps.has_unlock


@pytest.mark.parametrize("settings", [CREDITS, PASS])
def test_credits_and_passes_are_valid_in_either_mode_and_a_pass_is_used_first(settings: BotSettings) -> None:
    assert decide(user(credits=1), settings, FREE, NOW, code=CODE) == Admitted(costs_credit=True)
    assert decide(user(credits=1, pass_until=NOW + MS), settings, FREE, NOW, code=CODE) == Admitted()
    assert decide(user(pass_until=NOW), settings, FREE, NOW, code=CODE) == NoAccess()
    assert decide(user(credits=0), settings, FREE, NOW, code=CODE) == NoAccess()


def test_a_repeat_within_the_grace_is_free_and_only_for_the_same_post() -> None:
    grace = timedelta(minutes=CREDITS.resend_grace_minutes)
    paid = user(charges={CODE: Charge(at=NOW, mark="m")})
    assert decide(paid, CREDITS, FREE, NOW + grace - MS, code=CODE) == Admitted()
    assert decide(paid, CREDITS, FREE, NOW + grace, code=CODE) == NoAccess()
    assert decide(paid, CREDITS, FREE, NOW, code=OTHER) == NoAccess()
    # a charge in the future gives no access
    assert decide(paid, CREDITS, FREE, NOW - MS, code=CODE) == NoAccess()


def test_without_grace_every_repeat_costs() -> None:
    paid = user(credits=1, charges={CODE: Charge(at=NOW)})
    settings = CREDITS.model_copy(update={"resend_grace_minutes": 0})
    assert decide(paid, settings, FREE, NOW, code=CODE) == Admitted(costs_credit=True)


def test_charges_expire_when_neither_grace_nor_recovery_needs_them() -> None:
    paid = user(charges={CODE: Charge(at=NOW - timedelta(hours=1)), OTHER: Charge(at=NOW - timedelta(minutes=59))})
    assert expired_charges(paid, CREDITS, NOW) == (CODE,)
    assert expired_charges(paid, CREDITS.model_copy(update={"resend_grace_minutes": 1440}), NOW) == ()


def test_a_verification_pays_what_the_mode_says() -> None:
    assert earned(CREDITS) == Earned(credits=10)
    assert earned(PASS) == Earned(pass_for=timedelta(hours=24))
    assert earned(OPEN) == Earned(credits=10)


# channels


@pytest.mark.parametrize(
    ("status", "is_member", "expected"),
    [
        ("creator", False, MembershipStatus.MEMBER),
        ("administrator", False, MembershipStatus.MEMBER),
        ("member", False, MembershipStatus.MEMBER),
        ("restricted", True, MembershipStatus.MEMBER),
        ("restricted", False, MembershipStatus.LEFT),
        ("left", False, MembershipStatus.LEFT),
        ("kicked", False, MembershipStatus.LEFT),
        ("a status of next year", True, MembershipStatus.LEFT),
    ],
)
def test_telegrams_statuses_are_translated(status: str, is_member: bool, expected: MembershipStatus) -> None:
    assert status_of(status, is_member) is expected


@pytest.mark.parametrize(
    ("status", "standing"), [(MembershipStatus.MEMBER, JoinStatus.JOINED), (MembershipStatus.LEFT, JoinStatus.MISSING)]
)
def test_stored_memberships_are_used_for_ten_minutes(status: MembershipStatus, standing: JoinStatus) -> None:
    known = membership(status)
    assert join_status(channel(), known, NOW + REMEMBERED_FOR - MS) is standing
    assert join_status(channel(), known, NOW + REMEMBERED_FOR) is None
    assert join_status(channel(), known, NOW - MS) is None
    assert join_status(channel(), None, NOW) is None


def test_a_join_request_counts_in_request_mode_and_does_not_expire() -> None:
    known = membership(MembershipStatus.REQUESTED)
    later = NOW + timedelta(days=30)
    assert join_status(channel(mode=ChannelMode.REQUEST), known, later) is JoinStatus.JOINED
    assert join_status(channel(mode=ChannelMode.JOIN), known, later) is JoinStatus.MISSING


def test_of_a_broken_channel_only_a_recent_membership_is_used() -> None:
    broken = channel(broken_since=NOW)
    assert join_status(broken, membership(MembershipStatus.MEMBER), NOW) is JoinStatus.JOINED
    assert join_status(broken, membership(MembershipStatus.LEFT), NOW) is JoinStatus.UNKNOWN
    assert join_status(broken, membership(MembershipStatus.MEMBER), NOW + REMEMBERED_FOR) is JoinStatus.UNKNOWN
    assert join_status(broken, None, NOW) is JoinStatus.UNKNOWN


def test_an_unknown_membership_is_not_a_missing_one() -> None:
    lenient, strict = channel(-1, on_error=OnError.OPEN), channel(-2, on_error=OnError.CLOSED)
    not_known = (JoinStatus.UNKNOWN, JoinStatus.HIDDEN, JoinStatus.REPORTED)
    assert all(subscription([(lenient, status)]).is_fulfilled for status in not_known)
    found = [subscription([(strict, status)]) for status in not_known]
    assert found == [Subscription(**{status.value: (strict,)}, standings=((strict, status),)) for status in not_known]
    assert not any(one.is_fulfilled for one in found)
    assert subscription([(lenient, JoinStatus.MISSING)]) == Subscription(
        missing=(lenient,), standings=((lenient, JoinStatus.MISSING),)
    )


def test_paused_channels_are_not_required_and_the_others_are_in_order() -> None:
    first, second, paused = channel(-3, position=1), channel(-1, position=2), channel(-2, is_paused=True)
    assert required_channels([second, paused, first]) == (first, second)


# tokens


def token(**fields: Any) -> Token:
    plain = {"token": "t" * 32, "user_id": 502, "created_at": NOW, "shown_at": NOW, "shortener": "s"}
    return Token(**(plain | {"expires_at": NOW + timedelta(days=2)} | fields))


def test_a_token_is_checked_in_order() -> None:
    late = NOW + timedelta(minutes=5)
    assert check_token(None, CREDITS, late) is VerificationResult.UNKNOWN
    assert check_token(token(), CREDITS, late) is VerificationResult.VERIFIED
    assert check_token(token(status=TokenStatus.VERIFIED), CREDITS, NOW) is VerificationResult.VERIFIED
    assert check_token(token(status=TokenStatus.BYPASSED), CREDITS, late) is VerificationResult.BYPASSED
    redeemed = token(status=TokenStatus.VERIFIED, redeemed_at=NOW, expires_at=NOW - MS)
    assert check_token(redeemed, CREDITS, late) is VerificationResult.USED


def test_expiry_is_strict_to_the_millisecond() -> None:
    verified = token(status=TokenStatus.VERIFIED)
    assert check_token(verified, CREDITS, verified.expires_at) is VerificationResult.VERIFIED
    assert check_token(verified, CREDITS, verified.expires_at + MS) is VerificationResult.EXPIRED


def test_too_fast_is_measured_since_the_button_was_shown() -> None:
    shown = NOW + timedelta(seconds=20)
    made = token(shown_at=shown)
    limit = shown + timedelta(seconds=CREDITS.min_verify_seconds)
    assert check_token(made, CREDITS, limit - MS) is VerificationResult.TOO_FAST
    assert check_token(made, CREDITS, limit) is VerificationResult.VERIFIED
    # after a clock was put back no token is too fast
    assert check_token(made, CREDITS, shown - timedelta(hours=1)) is VerificationResult.VERIFIED


def test_without_a_shortener_time_and_origin_are_not_checked() -> None:
    direct = token(shortener=None)
    strict = CREDITS.model_copy(update={"require_referer": True})
    assert check_token(direct, strict, NOW, Origin(None, frozenset())) is VerificationResult.VERIFIED


@pytest.mark.parametrize("host", [None, "evil-short.example", "short.example.evil.test", "hort.example", ""])
def test_only_the_exact_host_of_a_shortener_is_accepted(host: str | None) -> None:
    strict = CREDITS.model_copy(update={"require_referer": True})
    late, allowed = NOW + timedelta(minutes=5), frozenset({"short.example"})
    assert check_token(token(), strict, late, Origin(host, allowed)) is VerificationResult.WRONG_ORIGIN
    assert check_token(token(), strict, late, Origin("short.example", allowed)) is VerificationResult.VERIFIED
    assert check_token(token(), CREDITS, late, Origin(host, allowed)) is VerificationResult.VERIFIED


# days


@pytest.mark.parametrize(
    ("zone", "last", "first"),
    [
        # 18:30 UTC is midnight in Kolkata
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 29, 59, tzinfo=UTC), datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        # clocks go forward in the night of 8 March 2026, and back in that of 1 November
        ("America/New_York", datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC), datetime(2026, 3, 9, 4, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC), datetime(2026, 11, 2, 5, 0, tzinfo=UTC)),
    ],
)
def test_a_new_day_begins_at_midnight_of_the_zone(zone: str, last: datetime, first: datetime) -> None:
    place = ZoneInfo(zone)
    assert start_of_day(first, place) == first
    assert start_of_day(last, place) < first
    # the next midnight is found from any day's start, of 23, 24 or 25 hours
    assert start_of_day(start_of_day(last, place) + timedelta(hours=36), place) == first
