"""What admins read about the messages they send: names of content types, refusals, albums."""

#: content type -> its name in titles; these types can be copied
KINDS = {
    "text": "Text",
    "photo": "Photo",
    "live_photo": "Live photo",
    "video": "Video",
    "audio": "Audio",
    "document": "File",
    "voice": "Voice message",
    "video_note": "Video message",
    "animation": "Animation",
    "sticker": "Sticker",
    "contact": "Contact",
    "location": "Location",
    "venue": "Place",
    "dice": "Dice",
}
_REFUSED = {
    "poll": "a poll",
    "quiz": "a quiz",
    "invoice": "an invoice",
    "game": "a game",
    "paid_media": "paid media",
    "giveaway": "a giveaway",
    "giveaway_winners": "a giveaway",
    "story": "a story",
    "checklist": "a checklist",
}
_WHAT_WORKS = "Send a text, photo, video, audio, file, voice message, animation or sticker instead."

ALBUM_HELD = "I am having a short break. I have kept your album and go on in a moment."
LATE_MESSAGE = (
    "One message of your last album arrived late and is not in its post. "
    "To have it whole, open the post with /posts, press “Content”, then “Replace all”, and send the album again."
)


def cannot_store(kind: str, action: str = "make a post of") -> str:
    """Return the refusal of a content type bots cannot copy. `action`: what should have been done with it."""
    what = _REFUSED.get(kind, "this kind of message")
    return f"I can't {action} {what}: Telegram does not let me hand it on unchanged. {_WHAT_WORKS}"


def album_title(messages: int) -> str:
    return f"Album of {messages}"
