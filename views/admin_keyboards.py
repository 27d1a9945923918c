"""Buttons of the admin bot. Back always stands in the last row."""

from collections.abc import Sequence

from aiogram.types import (
    ChatAdministratorRights,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from core.posts import Post, PostStatus
from views.admin_callbacks import (
    AS_SETTINGS,
    AskSearch,
    BatchAction,
    BatchButton,
    DeletionTime,
    PostAction,
    PostButton,
    PostList,
    SetupAction,
    SetupButton,
)
from views.admin_post_texts import deletion_words
from views.admin_setup_texts import PICKER_BUTTON
from views.html import bare, cut
from views.links import add_to_channel_link, share_link

#: what the answer to the chat picker is recognised by
STORAGE_REQUEST_ID = 1
#: rights the user bot is offered with in the storage channel: bots can only be administrators there
USER_BOT_RIGHTS = ("post_messages",)
ADMIN_BOT_RIGHTS = ("post_messages", "edit_messages", "delete_messages")
#: deletion times on buttons, in minutes; 0 is never
DELETION_CHOICES = (5, 15, 30, 60, 360, 1440, 2820, 0)

Row = list[InlineKeyboardButton]


def _button(text: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data)


def _act(act: PostAction, code: str, place: PostList) -> str:
    return PostButton(act=act, code=code, page=place.page, search=place.search, removed=place.removed).pack()


def _keyboard(*rows: Row) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[row for row in rows if row])


def _link_row(post: Post, link: str) -> Row:
    return [
        InlineKeyboardButton(text="Copy link", copy_text=CopyTextButton(text=link)),
        InlineKeyboardButton(text="Share", url=share_link(link, bare(post.title))),
    ]


def made(post: Post, link: str) -> InlineKeyboardMarkup:
    """Under a fresh post."""
    place = PostList()
    return _keyboard(
        _link_row(post, link),
        [
            _button("Preview", _act(PostAction.PREVIEW, post.code, place)),
            _button("Card", _act(PostAction.CARD, post.code, place)),
        ],
    )


def card(post: Post, link: str, place: PostList) -> InlineKeyboardMarkup:
    """Under a post's card."""

    def button(text: str, act: PostAction) -> InlineKeyboardButton:
        return _button(text, _act(act, post.code, place))

    back: Row = [_button("Back", place.pack())]
    if post.status is PostStatus.REMOVED:
        return _keyboard([button("Restore", PostAction.RESTORE), button("Preview", PostAction.PREVIEW)], back)
    return _keyboard(
        _link_row(post, link),
        [button("Rename", PostAction.RENAME), button("Describe", PostAction.DESCRIBE)],
        [button("Replace messages", PostAction.REPLACE), button("Preview", PostAction.PREVIEW)],
        [button("Protect", PostAction.PROTECT), button("Deletion time", PostAction.DELETION)],
        [button("Remove", PostAction.REMOVE)],
        back,
    )


def question(code: str, place: PostList) -> InlineKeyboardMarkup:
    """Under a question about a post: away from it."""
    return _keyboard([_button("Back", _act(PostAction.CARD, code, place))])


def search_question() -> InlineKeyboardMarkup:
    return _keyboard([_button("Back", PostList().pack())])


def confirm_remove(post: Post, place: PostList) -> InlineKeyboardMarkup:
    return _keyboard(
        [_button(f"Remove post {post.number}", _act(PostAction.REMOVE_SURE, post.code, place))],
        [_button("Back", _act(PostAction.CARD, post.code, place))],
    )


def _deletion(code: str, minutes: int, text: str, place: PostList) -> InlineKeyboardButton:
    choice = DeletionTime(code=code, minutes=minutes, page=place.page, search=place.search, removed=place.removed)
    return _button(text, choice.pack())


def deletion_times(post: Post, place: PostList) -> InlineKeyboardMarkup:
    choices = [
        _deletion(post.code, minutes, deletion_words(minutes).removeprefix("after ").capitalize(), place)
        for minutes in DELETION_CHOICES
    ]
    rows = [choices[start : start + 2] for start in range(0, len(choices), 2)]
    return _keyboard(
        [_deletion(post.code, AS_SETTINGS, "As in settings", place)],
        *rows,
        [_button("Another time", _act(PostAction.OTHER_TIME, post.code, place))],
        [_button("Back", _act(PostAction.CARD, post.code, place))],
    )


def _entry(post: Post) -> str:
    removed = " (removed)" if post.status is PostStatus.REMOVED else ""
    return f"{post.number} · {cut(bare(post.title) or 'untitled', 48)}{removed}"


def post_list(posts: Sequence[Post], place: PostList, *, more: bool) -> InlineKeyboardMarkup:
    """One button a post, then turning pages, then what else can be listed."""
    entries: list[Row] = [[_button(_entry(post), _act(PostAction.CARD, post.code, place))] for post in posts]

    def page(number: int, text: str) -> InlineKeyboardButton:
        return _button(text, place.model_copy(update={"page": number}).pack())

    turning: Row = [page(place.page - 1, "‹ Prev")] if place.page else []
    turning.append(page(place.page, "Refresh"))
    if more:
        turning.append(page(place.page + 1, "Next ›"))
    if place.search:
        return _keyboard(*entries, turning, [_button("Back", PostList().pack())])
    toggle = PostList(removed=not place.removed).pack()
    other: Row = [
        _button("Search", AskSearch().pack()),
        _button("Hide removed" if place.removed else "Show removed", toggle),
    ]
    return _keyboard(*entries, turning, other)


def batch(batch_id: str) -> InlineKeyboardMarkup:
    return _keyboard(
        [
            _button("Finish", BatchButton(act=BatchAction.FINISH, batch=batch_id).pack()),
            _button("Cancel", BatchButton(act=BatchAction.CANCEL, batch=batch_id).pack()),
        ]
    )


def _rights(
    *, post: bool, edit: bool, delete: bool, promote: bool = False, manage: bool = True
) -> ChatAdministratorRights:
    return ChatAdministratorRights(
        is_anonymous=False,
        can_manage_chat=manage,
        can_delete_messages=delete,
        can_manage_video_chats=False,
        can_restrict_members=False,
        can_promote_members=promote,
        can_change_info=False,
        can_invite_users=False,
        can_post_stories=False,
        can_edit_stories=False,
        can_delete_stories=False,
        can_send_welcome_messages=False,
        can_post_messages=post,
        can_edit_messages=edit,
    )


def pick_storage() -> ReplyKeyboardMarkup:
    """Telegram's own chat picker. The person must be able to add administrators; the bot gets what it needs."""
    request = KeyboardButtonRequestChat(
        request_id=STORAGE_REQUEST_ID,
        chat_is_channel=True,
        # a channel with a public name would show everybody what subscribers have to ask for
        chat_has_username=False,
        user_administrator_rights=_rights(post=True, edit=True, delete=True, promote=True),
        bot_administrator_rights=_rights(post=True, edit=True, delete=True),
        bot_is_member=False,
        request_title=True,
    )
    return ReplyKeyboardMarkup(
        keyboard=[[KeyboardButton(text=PICKER_BUTTON, request_chat=request)]],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def missing_rights(chat_id: int, to_add: Sequence[tuple[str, tuple[str, ...]]]) -> InlineKeyboardMarkup:
    """Add the bots that lack something (username, rights), then check again."""
    rows: list[Row] = [
        [InlineKeyboardButton(text=f"Add @{username} to the channel", url=add_to_channel_link(username, rights))]
        for username, rights in to_add
    ]
    return _keyboard(*rows, [_button("Check again", SetupButton(act=SetupAction.CHECK, chat_id=chat_id).pack())])


def change_storage() -> InlineKeyboardMarkup:
    return _keyboard([_button("Change the storage channel", SetupButton(act=SetupAction.CHOOSE).pack())])
