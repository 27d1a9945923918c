"""The team: its list, one member, roles, and who was invited."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import (
    CopyTextButton,
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestUsers,
    ReplyKeyboardMarkup,
)

from core.team.admins import Member, Role
from core.team.invitations import INVITED_ROLES, Invitation, JoinOutcome
from views.buttons import DANGER, PRIMARY, Row, button
from views.language import _
from views.links import share_link
from views.navigation import MENU, Section, parent
from views.screen_limits import WIDE_MAX
from views.screens import BACK, Parent, Screen
from views.team.callbacks import (
    KEY_LENGTH,
    Activity,
    AddMember,
    AskInvitation,
    InvitationButton,
    Invite,
    MemberAction,
    MemberButton,
    RoleButton,
    TeamPage,
)
from views.team.words import called, name_of, on_button, role_name, what_role_does
from views.times import date_and_time

#: members and invitations on one page
PAGE = 4
#: identifies the answer to Telegram's choice of somebody
MEMBER_REQUEST_ID = 31


def team_screen(members: Sequence[Member], invited: Sequence[Invitation], page: int) -> Screen:
    """Return one page of the team and of those who were invited."""
    rows: list[Row] = [[_entry(one)] for one in members] + [[_invited(one)] for one in invited]
    shown = rows[page * PAGE : (page + 1) * PAGE]
    head = _("<b>Team</b>") if shown else _("This page is empty now.")
    turning = []
    if page:
        turning.append(button(f"{BACK} " + _("Back"), TeamPage(page=page - 1).pack()))
    if len(rows) > (page + 1) * PAGE:
        turning.append(button(_("More") + " ›", TeamPage(page=page + 1).pack()))
    below: list[Row] = [
        turning,
        [button(_("Add somebody"), AddMember().pack()), button(_("Invite link"), AskInvitation().pack())],
        [button(_("Activity"), Activity().pack())],
    ]
    return Screen(head, (*shown, *below), MENU)


def _entry(member: Member) -> InlineKeyboardButton:
    behind = f" · {role_name(member.role)}"
    name = on_button(member.name, member.user_id, WIDE_MAX - len(behind))
    return button(f"{name}{behind}", _member(MemberAction.SHOW, member.user_id))


def _invited(invitation: Invitation) -> InlineKeyboardButton:
    behind = " · " + _("invited")
    name = _("anyone") if invitation.user_id is None else ""
    shown = name or on_button(invitation.name, invitation.user_id or 0, WIDE_MAX - len(behind))
    return button(f"{shown}{behind}", InvitationButton(key=invitation.fingerprint[:KEY_LENGTH]).pack())


def _member(act: MemberAction, user_id: int) -> str:
    return MemberButton(act=act, user_id=user_id).pack()


def member_screen(member: Member, added_by: str, now: datetime, zone: ZoneInfo) -> Screen:
    """Return a member's card. `added_by`: who let them in (HTML), "" when that is not known."""
    lines = [f"<b>{name_of(member)}</b> · <code>{member.user_id}</code>", what_role_does(member.role)]
    if member.added_at is not None and added_by:
        when = date_and_time(member.added_at, zone, now)
        lines.append(_("In the team since {time}, let in by {name}.").format(time=when, name=added_by))
    rows: list[Row] = []
    if member.is_configured:
        lines.append(_("An owner by the configuration of the server: only that can be changed there."))
    else:
        rows.append(
            [
                button(
                    _("Role: {role} ›").format(role=role_name(member.role)), _member(MemberAction.ROLE, member.user_id)
                )
            ]
        )
    rows.append([button(_("Activity"), Activity(who=member.user_id).pack())])
    if not member.is_configured:
        rows.append([button(_("Remove"), _member(MemberAction.REMOVE, member.user_id))])
    return Screen("\n".join(lines), tuple(rows), parent(Section.TEAM))


def _card_parent(member: Member) -> Parent:
    return Parent(on_button(member.name, member.user_id, WIDE_MAX // 2 - 4), _member(MemberAction.SHOW, member.user_id))


def roles_screen(member: Member) -> Screen:
    """Ask which role a member has from now on."""
    rows: list[Row] = [
        [
            button(
                f"{role_name(role)} ✓" if role is member.role else role_name(role),
                RoleButton(role=role, user_id=member.user_id).pack(),
            )
        ]
        for role in Role
    ]
    lines = [_("Which role has {name}?").format(name=name_of(member)), *(what_role_does(role) for role in Role)]
    return Screen("\n".join(lines), tuple(rows), _card_parent(member))


def confirm_owner(member: Member) -> Screen:
    """Ask before somebody becomes an owner."""
    yes = RoleButton(role=Role.OWNER, user_id=member.user_id, is_confirmed=True).pack()
    text = _("Make {name} an owner? An owner can change the team, and take your role away.").format(
        name=name_of(member)
    )
    return Screen(text, ([button(_("Make an owner"), yes, style=DANGER)],), _card_parent(member))


def confirm_removal(member: Member) -> Screen:
    """Ask before somebody leaves the team."""
    yes = _member(MemberAction.REMOVE_CONFIRMED, member.user_id)
    text = _("Remove {name} from the team? It holds from the next press on; what {name} made stays.").format(
        name=name_of(member)
    )
    return Screen(text, ([button(_("Remove"), yes, style=DANGER)],), _card_parent(member))


def told(role: Role | None) -> str:
    """Tell a member that their role is another one; None: they are not in the team any more."""
    if role is None:
        return _("You are not in the team of this bot any more.")
    return _("Your role is {role} now.").format(role=role_name(role)) + f"\n{what_role_does(role)}"


# inviting


def pick_somebody() -> ReplyKeyboardMarkup:
    """Show Telegram's choice of one person."""
    request = KeyboardButtonRequestUsers(
        request_id=MEMBER_REQUEST_ID, user_is_bot=False, max_quantity=1, request_name=True, request_username=True
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=_("Choose somebody"), request_users=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def ask_somebody() -> str:
    """Say what the picker is for."""
    return _("Whom do you want in the team? Choose with the button below, or /cancel.")


def ask_invited_role(user_id: int, name: str) -> Screen:
    """Ask for the role of an invitation. `user_id`: 0 for whoever opens it first."""
    who = called(name, user_id) if user_id else ""
    question = _("Which role shall {name} have?").format(name=who) if who else _("Which role shall the link give?")
    lines = [question, *(what_role_does(role) for role in INVITED_ROLES)]
    rows: list[Row] = [[button(role_name(role), Invite(role=role, user_id=user_id).pack()) for role in INVITED_ROLES]]
    return Screen("\n".join(lines), tuple(rows), parent(Section.TEAM))


def is_member_already(name: str, user_id: int, role: Role) -> str:
    """Say that an invitation is not needed (HTML)."""
    return _("{name} is in the team already, as {role}.").format(name=called(name, user_id), role=role_name(role))


def invitation_made(invitation: Invitation, link: str) -> Screen:
    """Show the link once: it is not stored, so it cannot be shown again."""
    role = role_name(invitation.role)
    if invitation.user_id is None:
        text = _("Whoever opens this first is {role}. It works once, within 24 hours.").format(role=role)
    else:
        text = _("{name} is {role} once this is opened. It works within 24 hours, and for nobody else.").format(
            name=called(invitation.name, invitation.user_id), role=role
        )
    share = InlineKeyboardButton(text=_("Share"), url=share_link(link), style=PRIMARY)
    copied = InlineKeyboardButton(text=_("Copy"), copy_text=CopyTextButton(text=link))
    return Screen(f"{text}\n\n{link}", ([share, copied],), parent(Section.TEAM))


def invitation_screen(invitation: Invitation, invited_by: str, now: datetime, zone: ZoneInfo) -> Screen:
    """Return an open invitation, which can be cancelled. `invited_by`: HTML."""
    if invitation.user_id is None:
        text = _("A link that makes whoever opens it first {role}.").format(role=role_name(invitation.role))
    else:
        text = _("An invitation for {name}, as {role}.").format(
            name=called(invitation.name, invitation.user_id), role=role_name(invitation.role)
        )
    until = _("By {name}, until {time}.").format(name=invited_by, time=date_and_time(invitation.expires_at, zone, now))
    cancel = InvitationButton(key=invitation.fingerprint[:KEY_LENGTH], cancels=True).pack()
    return Screen(f"{text}\n{until}", ([button(_("Cancel it"), cancel)],), parent(Section.TEAM))


def invitation_is_over() -> str:
    """Say that an invitation is used, over or cancelled; plain, for a toast."""
    return _("This invitation is over.")


def cancelled() -> str:
    """Say that an invitation was cancelled; plain, for a toast."""
    return _("Cancelled. The link does not work any more.")


# joining


def joined(outcome: JoinOutcome, role: Role | None) -> str:
    """Answer whoever opened an invitation; HTML."""
    if outcome is JoinOutcome.JOINED and role is not None:
        welcome = _("Welcome to the team. Your role is {role}.").format(role=role_name(role))
        return f"{welcome}\n{what_role_does(role)}"
    if outcome is JoinOutcome.IS_MEMBER and role is not None:
        return _("You are in the team already, as {role}. An owner can change that.").format(role=role_name(role))
    return {
        JoinOutcome.NOT_YOURS: _("This invitation is for somebody else. Ask an owner for one of your own."),
        JoinOutcome.USED: _("This invitation was used already. Ask an owner for another one."),
        JoinOutcome.EXPIRED: _("This invitation is older than 24 hours. Ask an owner for another one."),
        JoinOutcome.BANNED: _("You are banned in the bot for subscribers. Ask an owner."),
    }.get(
        outcome, _("This invitation does not work. Check that you copied all of it, or ask an owner for another one.")
    )


def has_joined(name: str, user_id: int, role: Role) -> str:
    """Tell the one who invited; HTML."""
    return _("{name} has joined the team as {role}.").format(name=called(name, user_id), role=role_name(role))
