"""The view “Subscribers” of the admin page: the list, the card, changes of one and of many, gift links."""

from core.users import User
from views.language import _, ngettext, pgettext
from views.page.forms import Words, forms


def words() -> Words:
    return {**_list(), **_card(), **_changes(), **_results(), **_gifts(), **_history()}


def _list() -> Words:
    return {
        "heading": pgettext("view", "Subscribers"),
        "totals": _("{count} in all, {reached} can be reached"),
        "search_label": _("Name, @username or id"),
        "show": pgettext("filter", "Show"),
        "show_everybody": pgettext("which subscribers", "all"),
        "show_new": _("new, 7 days"),
        "show_active": _("active, 7 days"),
        "show_with_pass": _("with a pass"),
        "show_source": _("by source"),
        "show_banned": _("banned"),
        "show_blocked": _("blocked the bot"),
        "source_label": pgettext("of a link", "Source"),
        "name": _("Name"),
        "credits": _("Credits"),
        "pass": _("Pass"),
        "seen": _("Seen"),
        "source": pgettext("of a link", "Source"),
        "choose": _("Choose {name}"),
        "choose_page": _("Choose all on this page"),
        "somebody": _("Somebody"),
        "is_banned": _("banned"),
        "has_blocked": _("blocked the bot"),
        "empty": _("Nobody yet. Subscribers appear when they open a link."),
        "none_found": _("Nobody matches “{text}”."),
        "none_here": _("Nobody is in this list."),
        "page": _("Page {page}"),
        "export": _("All as CSV"),
    }


def _card() -> Words:
    return {
        "back": _("All subscribers"),
        "id": _("Id"),
        "since": _("Since"),
        "since_from": _("{date}, from {source}"),
        "until": _("until {date}"),
        "ended": _("ended {date}"),
        "no_pass": _("no pass"),
        "received": _("Got"),
        "received_in": forms(lambda n: ngettext("{count} post in {days} days", "{count} posts in {days} days", n)),
        "unlocked": _("Unlocked"),
        "times": forms(lambda n: ngettext("{count} time", "{count} times", n)),
        "channels": _("Required channels"),
        "channels_of": _("{joined} of {all}"),
        "no_channels": _("none"),
        "news": _("News"),
        "on": pgettext("switch", "on"),
        "off": pgettext("switch", "off"),
        "state": _("State"),
        "banned_ever": _("banned for ever"),
        "banned_until": _("banned until {date}"),
        "reason": _("Reason"),
        "of_the_team": _("A member of the team, who cannot be banned."),
        "in_chat": _("A message to one subscriber is written in the admin bot."),
    }


def _changes() -> Words:
    return {
        "give": _("Give credits"),
        "prolong": _("Prolong the pass"),
        "ban": pgettext("button", "Ban"),
        "unban": _("Unban"),
        "end_pass": _("End the pass"),
        "amount": _("How many? A minus takes them away."),
        "days": _("For how many days?"),
        "for_how_long": _("For how long?"),
        "days_option": forms(lambda n: ngettext("{count} day", "{count} days", n)),
        "for_ever": _("For ever"),
        "why": _("Why? The subscriber reads it."),
        "number_expected": _("A whole number of credits, like 25 or -5; at most 100,000."),
        "days_expected": _("A whole number of days, from 1 to 3,650."),
        "chosen": forms(lambda n: ngettext("{count} chosen", "{count} chosen", n)),
        "all_in_list": _("Choose everyone in this list"),
        "all_chosen": forms(
            lambda n: ngettext("The one in this list is chosen", "All {count} in this list are chosen", n)
        ),
        "choose_none": _("Choose nobody"),
        "ask_give": forms(
            lambda n: ngettext("Give {what} to {count} subscriber?", "Give {what} to {count} subscribers?", n)
        ),
        "ask_take": forms(
            lambda n: ngettext("Take {what} from {count} subscriber?", "Take {what} from {count} subscribers?", n)
        ),
        "ask_prolong": forms(
            lambda n: ngettext(
                "Prolong the pass of {count} subscriber by {what}?",
                "Prolong the pass of {count} subscribers by {what}?",
                n,
            )
        ),
        "ask_ban": forms(lambda n: ngettext("Ban {count} subscriber?", "Ban {count} subscribers?", n)),
        "ban_text": _("A banned subscriber gets no posts, not by old buttons either."),
        "credits_option": forms(lambda n: ngettext("{count} credit", "{count} credits", n)),
        "yes_give": _("Give them"),
        "yes_take": _("Take them"),
        "yes_prolong": _("Prolong"),
    }


def _results() -> Words:
    return {
        "working": _("{count} of {all} done"),
        "stop": pgettext("button", "Stop"),
        "done": forms(lambda n: ngettext("{count} subscriber was changed.", "{count} subscribers were changed.", n)),
        "skipped": forms(lambda n: ngettext("{count} was left as they were.", "{count} were left as they were.", n)),
        "nothing_changed": _("Nobody was changed."),
        "broke_off": forms(
            lambda n: ngettext(
                "It broke off after {count} subscriber. Press again: nobody is changed twice.",
                "It broke off after {count} subscribers. Press again: nobody is changed twice.",
                n,
            )
        ),
        "undone_some": _("{count} are as they were before; {kept} were changed since and stay."),
        "unbanned": _("The ban is over."),
        "pass_ended": _("The pass is over."),
    }


def _gifts() -> Words:
    return {
        "gift": _("Gift link"),
        "gift_text": _("Whoever opens the link gets it; a banned subscriber does not."),
        "gift_gives": _("It gives"),
        "gift_credits": _("credits"),
        "gift_days": _("days of a pass"),
        "pass_option": forms(lambda n: ngettext("a pass for {count} day", "a pass for {count} days", n)),
        "gift_amount": pgettext("of a gift", "How many"),
        "gift_for": _("For"),
        "gift_one": _("the first one who opens it"),
        "gift_anyone": _("everyone who opens it"),
        "gift_holds": _("It can be opened for"),
        "gift_day": _("24 hours"),
        "gift_week": _("7 days"),
        "gift_make": _("Make the link"),
        "gift_made": _("This link gives {what} until {date}."),
        "gift_cancel": _("Cancel it"),
        "gift_cancelled": _("The link is cancelled."),
        "gift_expected": _("A whole number, at most 10,000 credits or 3,650 days."),
    }


def _history() -> Words:
    return {
        "history": _("History"),
        "history_note": _("The last 20 events, the newest first."),
        "no_history": _("Nothing is stored."),
        "a_post": _("a post"),
        "happened_got": _("got {post}"),
        "happened_unsure": _("{post}: Telegram did not confirm it"),
        "happened_refused": _("{post} could not be sent"),
        "happened_unlocked": _("unlocked"),
        "happened_too fast": _("unlocked too fast"),
        "happened_credits": _("{credits} given"),
        "happened_credits_taken": _("{credits} taken"),
        "happened_credits back": _("a change of credits undone"),
        "happened_pass": _("pass changed"),
        "happened_pass back": _("a change of the pass undone"),
        "happened_banned": _("banned"),
        "happened_unbanned": _("unbanned"),
        "happened_written": _("got a message of the team"),
        "happened_gift": _("opened a gift link"),
    }


# what the API refuses


def source_expected() -> str:
    return _("A source has 1 to 24 letters and digits.")


def not_a_subscriber() -> str:
    return _("They have not opened the user bot, or were erased.")


def is_of_the_team() -> str:
    return _("That is a member of the team, and they cannot be banned.")


def pass_changed(user: User) -> str:
    """Say how the pass is now, which is not how it was shown."""
    if user.pass_until is None:
        return _("Somebody else has ended this pass meanwhile.")
    return _("Somebody else has changed this pass meanwhile; nothing of yours was done.")


def gift_gone() -> str:
    return _("This gift link is not kept any more.")


def bot_unknown() -> str:
    return _("The bots have not been started yet, so the name of the user bot is not known.")
