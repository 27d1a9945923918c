"""An async client of the control API, for tests and scripts."""

import html
import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp

Json = dict[str, Any]

_ONWARD = re.compile(r'<a href="([^"]*)" data-testid="onward">')


class SandboxError(Exception):
    """A refused control call; `status` is its HTTP status (408: what was waited for did not happen)."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class SandboxClient:
    """Thin methods over the control API: `async with SandboxClient(url) as sandbox`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use the client with `async with`")
        return self._session

    async def request(self, verb: str, path: str, body: Json | None = None, **query: object) -> Json:
        """One control call; None values of `query` are left out. Raises SandboxError."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        async with self._open_session().request(
            verb, f"{self.url}/control/{path}", json=body, params=params
        ) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise SandboxError(response.status, str(answer.get("error", answer)))
        return answer

    async def reset(self, seed: int | None = None) -> None:
        """Empty the world."""
        await self.request("POST", "reset", {} if seed is None else {"seed": seed})

    async def state(self) -> Json:
        """Bots, users and chats."""
        return await self.request("GET", "state")

    async def add_bot(self, token: str, username: str, first_name: str = "Bot", role: str | None = None) -> Json:
        """Register a bot."""
        body = {"token": token, "username": username, "first_name": first_name, "role": role}
        return await self.request("POST", "bots", body)

    async def add_user(self, first_name: str, **more: object) -> "Person":
        """Register a person."""
        user = await self.request("POST", "users", {"first_name": first_name, **more})
        return self.person(int(user["id"]))

    async def add_chat(self, kind: str, title: str, owner: int, **more: object) -> int:
        """Make a channel, supergroup or group. Its id."""
        chat = await self.request("POST", "chats", {"type": kind, "title": title, "owner": owner, **more})
        return int(chat["id"])

    async def set_member(self, chat_id: int, member_id: int, status: str, **rights: bool) -> Json:
        """Set somebody's status and rights in a chat."""
        body = {"status": status, "rights": rights}
        return await self.request("PUT", f"chats/{chat_id}/members/{member_id}", body)

    async def chat_messages(self, chat_id: int, since: int = 0) -> list[Json]:
        """A channel's or group's messages."""
        found = await self.request("GET", f"chats/{chat_id}/messages", since=since)
        return list(found["messages"])

    async def delete_message(self, chat_id: int, message_id: int) -> None:
        """Remove a stored message, as its owner does by hand."""
        await self.request("DELETE", f"chats/{chat_id}/messages/{message_id}")

    async def delete_chat(self, chat_id: int) -> None:
        """The chat is gone."""
        await self.request("DELETE", f"chats/{chat_id}")

    async def fault(self, kind: str, *, method: str | None = None, **more: Any) -> int:
        """Plan a fault. `bot`, `chat_id`, `skip` and `times` choose calls, the rest describes the effect. Its id."""
        body: Json = {name: more.pop(name) for name in ("bot", "chat_id", "skip", "times") if name in more}
        body["effect"] = {"kind": kind, **more}
        if method is not None:
            body["method"] = method
        return int((await self.request("POST", "faults", body))["id"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Remove one fault or all."""
        await self.request("DELETE", "faults" if fault_id is None else f"faults/{fault_id}")

    async def fault_hit(self, fault_id: int, timeout_s: float = 10.0) -> bool:
        """Wait until a fault has hit; False when it has not after `timeout_s` real seconds."""
        found = await self.request("GET", "faults", hit=fault_id, timeout_s=timeout_s)
        return any(fault["id"] == fault_id and fault["hits"] > 0 for fault in found["faults"])

    async def transcripts(self, bot: str | int, since: int = 0) -> tuple[int, dict[int, list[Json]]]:
        """What changed after number `since` in every conversation with a bot, by person; and the number now."""
        found = await self.request("GET", "transcripts", bot=bot, since=since)
        return int(found["seq"]), {int(user): messages for user, messages in found["messages"].items()}

    async def advance(self, seconds: float) -> Json:
        """Move the clock."""
        return await self.request("POST", "clock", {"advance_s": seconds})

    async def calls(self, method: str | None = None, bot: str | int | None = None, since: int = 0) -> list[Json]:
        """Logged Bot API calls after number `since`, at most 10 000."""
        found = await self.request("GET", "calls", method=method, bot=bot, since=since, limit=10_000)
        return list(found["calls"])

    async def counters(self) -> Json:
        """Counts since the reset."""
        return await self.request("GET", "counters")

    async def configure(self, **settings: object) -> Json:
        """Switch settings (latency_ms, anti_spin, callback_window_s, log_calls, id_gaps…)."""
        return await self.request("POST", "config", dict(settings))

    async def shortener_mode(self, mode: str, **options: object) -> Json:
        """How the shortener answers from now on (ok, html, 429, error, hang, redirect, raw) and its options."""
        return await self.request("POST", "shortener", {"mode": mode, **options})

    async def shortener(self, calls: int | None = None, timeout_s: float | None = None) -> Json:
        """The shortener's modes, calls and links; with `calls` once it was asked so often (else SandboxError 408)."""
        return await self.request("GET", "shortener", calls=calls, timeout_s=timeout_s)

    async def through_adverts(self, short_url: str) -> tuple[str, str]:
        """Where the last link of the advert pages leads, and the address of the page it stands on (the Referer)."""
        last_page = urljoin(short_url, _onward(await self._page(short_url)))
        return urljoin(last_page, _onward(await self._page(last_page))), last_page

    async def _page(self, url: str) -> str:
        async with self._open_session().get(url) as response:
            if response.status != 200:
                raise SandboxError(response.status, f"{url} is no page of adverts")
            return await response.text()

    async def idle(self, bot: str | int | None = None, timeout_s: float = 10.0, quiet_ms: float | None = None) -> None:
        """Return once the bots seem done. Raises SandboxError 408."""
        await self.request("GET", "idle", bot=bot, timeout_s=timeout_s, quiet_ms=quiet_ms)

    async def upload(self, content: bytes, file_name: str, kind: str | None = None) -> str:
        """Store a file for `media` and `album`. Its id."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=file_name)
        if kind is not None:
            form.add_field("kind", kind)
        async with self._open_session().post(f"{self.url}/control/uploads", data=form) as response:
            answer = await response.json()
        if response.status != 200:
            raise SandboxError(response.status, str(answer.get("error")))
        return str(answer["id"])

    def person(self, user_id: int) -> "Person":
        """Somebody to act as."""
        return Person(self, user_id)


def _onward(page: str) -> str:
    """The address behind the button of a page of adverts. Raises ValueError for any other page."""
    found = _ONWARD.search(page)
    if found is None:
        raise ValueError("this is no page of adverts")
    return html.unescape(found[1])


class Person:
    """One person. `wait` looks only at what happened since their last act towards that bot."""

    def __init__(self, client: SandboxClient, user_id: int) -> None:
        self.id = user_id
        self._client = client

    async def act(self, action: str, **more: object) -> Json:
        """Do something, see `POST /control/act`; None values are left out."""
        given = {name: value for name, value in more.items() if value is not None}
        return await self._client.request("POST", "act", {"as": self.id, "do": action, **given})

    async def text(self, to: str | int, text: str) -> Json:
        """Write."""
        return await self.act("text", to=to, text=text)

    async def media(self, to: str | int, kind: str, **more: object) -> Json:
        """Send one file or other thing; `caption`, `file_name`, `file_size`, `upload`."""
        return await self.act("media", to=to, kind=kind, **more)

    async def album(self, to: str | int, items: list[Json], order: list[int] | None = None) -> Json:
        """Send an album; `order`: in which order the updates are queued."""
        return await self.act("album", to=to, items=items, order=order)

    async def forward(self, to: str | int, from_chat: str | int, message_ids: list[int]) -> Json:
        """Forward messages of a channel or of the chat with a bot."""
        return await self.act("forward", to=to, from_chat=from_chat, message_ids=message_ids)

    async def press(
        self, where: str | int, text: str, message_id: int | None = None, chat_id: int | None = None
    ) -> Json:
        """Press a button; `chat_id`: the chat chosen for a request_chat button."""
        return await self.act("press", **{"in": where}, text=text, message_id=message_id, chat_id=chat_id)

    async def forge_callback(self, bot: str | int, data: str, message_id: int | None = None) -> Json:
        """Send a callback no keyboard has."""
        return await self.act("forge_callback", **{"in": bot}, data=data, message_id=message_id)

    async def link(self, url: str, chat_id: int | None = None) -> Json:
        """Open a link; `chat_id`: the channel chosen for a `?startchannel` link."""
        return await self.act("link", url=url, chat_id=chat_id)

    async def block(self, bot: str | int) -> Json:
        """Block a bot."""
        return await self.act("block", bot=bot)

    async def unblock(self, bot: str | int, restart: bool = False) -> Json:
        """Unblock a bot; `restart` also sends /start."""
        return await self.act("unblock", bot=bot, restart=restart)

    async def join(self, chat_id: int) -> Json:
        """Join a chat."""
        return await self.act("join", chat=chat_id)

    async def request_join(self, chat_id: int, url: str | None = None) -> Json:
        """Ask to join a chat, by the invitation `url` when it is given."""
        return await self.act("request_join", chat=chat_id, url=url)

    async def approve(self, chat_id: int, user_id: int) -> Json:
        """Let in somebody who asked to join a chat of theirs."""
        return await self.act("approve", chat=chat_id, user=user_id)

    async def decline(self, chat_id: int, user_id: int) -> Json:
        """Turn away somebody who asked to join."""
        return await self.act("decline", chat=chat_id, user=user_id)

    async def invitation(self, url: str) -> Json:
        """What the app shows about an invitation before it is used."""
        return await self._client.request("GET", "invitation", user=self.id, url=url)

    async def leave(self, chat_id: int) -> Json:
        """Leave a chat."""
        return await self.act("leave", chat=chat_id)

    async def delete(self, where: str | int, message_ids: list[int]) -> Json:
        """Delete messages for both."""
        return await self.act("delete", **{"in": where}, message_ids=message_ids)

    async def deactivate(self) -> Json:
        """Delete the account."""
        return await self.act("deactivate")

    async def transcript(self, bot: str | int, since: int = 0) -> Json:
        """The conversation with a bot."""
        return await self._client.request("GET", "transcript", user=self.id, bot=bot, since=since)

    async def wait(
        self,
        bot: str | int,
        contains: str | None = None,
        deleted: int | None = None,
        count: int | None = None,
        timeout_s: float = 10.0,
        since: int | None = None,
    ) -> Json:
        """The changes since this person's last act towards that bot (or since number `since`) once they fit.

        Raises SandboxError 408 after `timeout_s` real seconds.
        """
        return await self._client.request(
            "GET",
            "wait",
            user=self.id,
            bot=bot,
            since=since,
            contains=contains,
            deleted=deleted,
            count=count,
            timeout_s=timeout_s,
        )
