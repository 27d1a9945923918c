"""The view “Posts” of the admin page: the list, the card, publishing."""

from views.language import _, ngettext, pgettext
from views.page import announcements
from views.page.forms import Words, forms


def words() -> Words:
    return {**_list(), **_card(), **_fields(), **_removal(), **_publishing(), **announcements.words()}


def _list() -> Words:
    return {
        "heading": pgettext("view", "Posts"),
        "new_in_chat": _("A new post is made in the chat: send the admin bot what subscribers should get."),
        "empty": _("No posts yet. Send the admin bot anything, and it becomes the first."),
        "nothing_found": _("Nothing has “{search}”."),
        "nothing_shown": _("No post is in this list."),
        "search_label": _("Words from title or text, a number, or the post's link"),
        "show": pgettext("filter", "Show"),
        "show_live": pgettext("posts", "live"),
        "show_scheduled": pgettext("posts", "scheduled"),
        "show_not_announced": pgettext("posts", "not announced"),
        "show_removed": pgettext("posts", "removed"),
        "show_imported": pgettext("posts", "imported"),
        "show_all": pgettext("posts", "all"),
        "column_number": _("No."),
        "column_title": _("Title"),
        "column_opened": _("Opened"),
        "column_delivered": _("Delivered"),
        "column_announced": _("Announced"),
        "column_made": _("Made"),
        "waiting": forms(lambda n: ngettext("{count} waits", "{count} wait", n)),
        "in_channels": forms(lambda n: ngettext("in {count} channel", "in {count} channels", n)),
        "page": _("Page {number}"),
    }


def _card() -> Words:
    return {
        "post": _("Post {number}"),
        "post_titled": _("Post {number} · {title}"),
        "messages": forms(lambda n: ngettext("{count} message", "{count} messages", n)),
        "status_live": pgettext("post", "live"),
        "status_removed": pgettext("post", "removed"),
        "status_draft": pgettext("post", "draft"),
        "taken_down": _("Its copies are being deleted everywhere."),
        "opened_delivered": _("Opened {opened}, delivered {delivered}"),
        "publish": pgettext("button", "Publish"),
        "copy_link": _("Copy link"),
        "no_link": _("The link is known once the bots have run."),
        "announcements": _("Announcements"),
        "not_announced": _("It stands in no channel yet."),
        "numbers": pgettext("post", "Numbers"),
        "places": _("Links for places"),
        "places_help": _("Each counts how often it was opened: one for each place you put it."),
        "place_name": _("Name of the place, like insta"),
        "add": pgettext("button", "Add"),
        "place_opened": forms(lambda n: ngettext("opened {count} time", "opened {count} times", n)),
        "content": _("Title and text"),
        "options": _("Options"),
        **numbers(),
    }


def numbers() -> Words:
    """Return the words for how far tries came, which the statistics use as well."""
    return {
        "period": pgettext("filter", "Period"),
        "period_today": pgettext("period", "Today"),
        "period_7": pgettext("period", "7 days"),
        "period_30": pgettext("period", "30 days"),
        "period_all": pgettext("period", "All"),
        "tries": pgettext("step", "Tries"),
        "joined": pgettext("step", "Joined the channels"),
        "unlocked": pgettext("step", "Unlocked"),
        "delivered": pgettext("step", "Delivered whole"),
        "no_tries": _("Nobody tried to get a post in this time."),
        "before": _("before: {count}"),
        "try_is": _("A try is one subscriber, one post, one day."),
    }


def _fields() -> dict[str, str]:
    return {
        "title": _("Title"),
        "text": _("Text"),
        "text_help": _('Telegram\'s formatting: <b>bold</b>, <i>italic</i>, <a href="…">link</a>.'),
        "formatting": _("Formatting"),
        "preview": _("As it will look"),
        "cover": _("Picture"),
        "cover_default": _("the default one"),
        "cover_none": pgettext("picture", "none"),
        "cover_post": _("from the post"),
        "cover_own": _("one sent in the chat"),
        "cover_lost": _("Use another picture?"),
        "cover_lost_text": _("The one that was sent for this post is forgotten. Only the chat can take it again."),
        "cover_change": _("Use another one"),
        "as_settings": _("as in settings ({value})"),
        "delete_after": _("Auto-delete"),
        "never": pgettext("time", "never"),
        "minutes": _("{count} min"),
        "hours": _("{count} h"),
        "protect": _("Restrict saving"),
        "on": pgettext("switch", "on"),
        "off": pgettext("switch", "off"),
        "access": pgettext("post", "Access"),
        "access_settings": _("as in settings"),
        "access_free": _("free"),
        "access_free_without_channels": _("free without channels"),
        "label": _("Words on the button"),
        "password": _("Archive password"),
        "password_help": _("A line under the delivery, no lock. Empty: as in settings."),
        "saved": _("Saved."),
        "change_announcements": _("Change the announcements, too?"),
        "change": pgettext("button", "Change"),
        "changing": _("The announcements are being changed."),
    }


def _removal() -> Words:
    return {
        "remove": pgettext("button", "Remove"),
        "restore": pgettext("button", "Restore"),
        "take_down": _("Take down everywhere"),
        "removal": _("Remove this post"),
        "removal_text": _("Its link stops at once; what was announced and delivered stays."),
        "not_yours": _("Editors remove own posts only."),
        "removed": _("Post {number} is removed."),
        "restored": _("Post {number} is live again."),
        "sure_take_down": _("Take post {number} down everywhere?"),
        "announcements_go": forms(
            lambda n: ngettext(
                "{count} announcement leaves its channel.", "{count} announcements leave their channels.", n
            )
        ),
        "copies_go": forms(lambda n: ngettext("{count} copy is deleted.", "{count} copies are deleted.", n)),
        "copies_old": forms(
            lambda n: ngettext(
                "{count} copy is too old for the bot to delete.", "{count} copies are too old for the bot to delete.", n
            )
        ),
        "changeable": forms(
            lambda n: ngettext(
                "{count} announcement in a channel shows the old one.",
                "{count} announcements in channels show the old one.",
                n,
            )
        ),
        "is_taken_down": _("Post {number} is being taken down everywhere."),
    }


def _publishing() -> Words:
    return {
        "publish_post": _("Publish post {number}"),
        "to": _("To"),
        "no_channels": _("No channel is connected. Connect one in the chat of the admin bot: /channels."),
        "there_since": _("It is there since {time}."),
        "planned_there": _("It waits there for {time}."),
        "when": pgettext("publish", "When"),
        "at_once": _("now"),
        "slot": _("Next slot: {time}"),
        "tonight": _("Today {time}"),
        "tomorrow": _("Tomorrow {time}"),
        "another_time": _("Another time"),
        "time_label": _("Time ({zone})"),
        "usual_text": _("As usual"),
        "characters": _("{count} of {limit} characters"),
        "too_long": _("Too long by {count}. Shorten it, or use no picture."),
        "picture_here": _("The picture stands here"),
        "leaves": _("Leaves the channel"),
        "sound": _("With sound"),
        "pin": _("Pin it"),
        "publish_now": forms(lambda n: ngettext("Publish in {count} channel", "Publish in {count} channels", n)),
        "schedule_it": forms(
            lambda n: ngettext("Schedule for {time} in {count} channel", "Schedule for {time} in {count} channels", n)
        ),
        "choose_channel": _("Choose a channel first."),
        "choose_time": _("Choose a time first."),
        "published": _("It goes out within seconds."),
        "scheduled": _("It is on the schedule."),
        "is_there": _("The post is there already"),
        "is_there_text": _("A second announcement of it would be published in: {channels}."),
        "publish_again": _("Publish again"),
        "outcome": _("What became of it"),
        "to_schedule": _("Schedule"),
    }
