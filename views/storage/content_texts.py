"""What admins read about the messages they send: names of content types, refusals, albums."""

from views.language import N_, _

#: content type -> its name in titles; these types can be copied
KINDS = {
    "text": N_("Text"),
    "photo": N_("Photo"),
    "live_photo": N_("Live photo"),
    "video": N_("Video"),
    "audio": N_("Audio"),
    "document": N_("File"),
    "voice": N_("Voice message"),
    "video_note": N_("Video message"),
    "animation": N_("Animation"),
    "sticker": N_("Sticker"),
    "contact": N_("Contact"),
    "location": N_("Location"),
    "venue": N_("Place"),
    "dice": N_("Dice"),
}


def kind_name(kind: str) -> str | None:
    """Return the name of a content type that can be copied; None for others."""
    return _(KINDS[kind]) if kind in KINDS else None


def album_held() -> str:
    return _("I am having a short break. I have kept your album and go on in a moment.")


def late_message() -> str:
    return _(
        "One message of your last album arrived late and is not in its post. To have it whole, open the post with "
        "/posts, press “Content”, then “Replace all”, and send the album again."
    )


def cannot_store(kind: str) -> str:
    """Return the refusal of a content type bots cannot copy, instead of a post of it."""
    return _(
        "I can't make a post of {kind}: Telegram does not let me hand it on unchanged. Send a text, photo, video, "
        "audio, file, voice message, animation or sticker instead."
    ).format(kind=_refused(kind))


def cannot_broadcast(kind: str) -> str:
    """Return the refusal of a content type bots cannot copy, instead of a broadcast of it."""
    return _(
        "I can't broadcast {kind}: Telegram does not let me hand it on unchanged. Send a text, photo, video, audio, "
        "file, voice message, animation or sticker instead."
    ).format(kind=_refused(kind))


def _refused(kind: str) -> str:
    """Return a content type bots cannot copy, behind a verb."""
    return {
        "poll": _("a poll"),
        "quiz": _("a quiz"),
        "invoice": _("an invoice"),
        "game": _("a game"),
        "paid_media": _("paid media"),
        "giveaway": _("a giveaway"),
        "giveaway_winners": _("a giveaway"),
        "story": _("a story"),
        "checklist": _("a checklist"),
    }.get(kind, _("this kind of message"))


def album_title(messages: int) -> str:
    return _("Album of {count}").format(count=messages)
