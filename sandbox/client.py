"""An async client for the control API, for tests and scripts."""

import html
import re
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp

Json = dict[str, Any]

_ONWARD = re.compile(r'<a href="([^"]*)" data-testid="onward">')


class SandboxError(Exception):
    """A refused control call. `status` is its HTTP status; 408: the awaited event did not happen in time."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class SandboxClient:
    """One method per control call: `async with SandboxClient(url) as sandbox`."""

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
        """Make one control call; None values in `query` are omitted. Raises SandboxError."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        async with self._open_session().request(
            verb, f"{self.url}/control/{path}", json=body, params=params
        ) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise SandboxError(response.status, str(answer.get("error", answer)))
        return answer

    async def reset(self, seed: int | None = None) -> None:
        """Empty the world; `seed` restarts its random numbers."""
        await self.request("POST", "reset", {} if seed is None else {"seed": seed})

    async def state(self) -> Json:
        """Return bots, users and chats."""
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
        """Make a channel, supergroup or group. Returns its id."""
        chat = await self.request("POST", "chats", {"type": kind, "title": title, "owner": owner, **more})
        return int(chat["id"])

    async def change_chat(self, chat_id: int, **changes: object) -> Json:
        """Change `protected` (restrict saving content) or `title` of a chat."""
        return await self.request("PATCH", f"chats/{chat_id}", changes)

    async def change_user(self, user_id: int, **changes: object) -> Json:
        """Change `forbids_voice` or `language_code` of a person."""
        return await self.request("PATCH", f"users/{user_id}", changes)

    async def set_member(self, chat_id: int, member_id: int, status: str, **rights: bool) -> Json:
        """Set a member's status and rights in a chat."""
        body = {"status": status, "rights": rights}
        return await self.request("PUT", f"chats/{chat_id}/members/{member_id}", body)

    async def chat_messages(self, chat_id: int, since: int = 0) -> list[Json]:
        """Return the messages of a channel or group."""
        found = await self.request("GET", f"chats/{chat_id}/messages", since=since)
        return list(found["messages"])

    async def delete_message(self, chat_id: int, message_id: int) -> None:
        """Delete a message of a channel or group, as its owner would in the app."""
        await self.request("DELETE", f"chats/{chat_id}/messages/{message_id}")

    async def delete_chat(self, chat_id: int) -> None:
        """Delete a channel or group."""
        await self.request("DELETE", f"chats/{chat_id}")

    async def fault(self, kind: str, *, method: str | None = None, **more: Any) -> int:
        """Plan a fault. `bot`, `chat_id`, `skip` and `times` select calls, the rest is the effect. Returns its id."""
        body: Json = {name: more.pop(name) for name in ("bot", "chat_id", "skip", "times") if name in more}
        body["effect"] = {"kind": kind, **more}
        if method is not None:
            body["method"] = method
        return int((await self.request("POST", "faults", body))["id"])

    async def restart(self, down_s: float = 0.0, answer: str = "500", *, executes: bool = False) -> int:
        """Restart the Bot API server; returns how many calls in flight got 500 restart.

        For `down_s` real seconds calls are answered by `answer`: 500, 429, 502, reset, or refuse, which closes the
        port for this client too. `executes`: calls in flight that had not been executed are, before their 500.
        """
        body = {"down_s": down_s, "answer": answer, "executes": executes}
        return int((await self.request("POST", "restart", body))["cut"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all."""
        await self.request("DELETE", "faults" if fault_id is None else f"faults/{fault_id}")

    async def fault_hit(self, fault_id: int, timeout_s: float = 10.0) -> bool:
        """Wait until a fault has hit a call; False after `timeout_s` real seconds without."""
        found = await self.request("GET", "faults", hit=fault_id, timeout_s=timeout_s)
        return any(fault["id"] == fault_id and fault["hits"] > 0 for fault in found["faults"])

    async def transcripts(self, bot: str | int, since: int = 0) -> tuple[int, dict[int, list[Json]]]:
        """Return the current change number, and by person the messages with the bot that changed after `since`."""
        found = await self.request("GET", "transcripts", bot=bot, since=since)
        return int(found["seq"]), {int(user): messages for user, messages in found["messages"].items()}

    async def advance(self, seconds: float) -> Json:
        """Move the clock ahead."""
        return await self.request("POST", "clock", {"advance_s": seconds})

    async def calls(self, method: str | None = None, bot: str | int | None = None, since: int = 0) -> list[Json]:
        """Return the logged Bot API calls after number `since`, at most 10 000."""
        found = await self.request("GET", "calls", method=method, bot=bot, since=since, limit=10_000)
        return list(found["calls"])

    async def counters(self) -> Json:
        """Return the counters since the reset."""
        return await self.request("GET", "counters")

    async def configure(self, **settings: object) -> Json:
        """Change settings (latency_ms, anti_spin, callback_window_s, log_calls, id_gaps…)."""
        return await self.request("POST", "config", dict(settings))

    async def shortener_mode(self, mode: str, **options: object) -> Json:
        """Set how the shortener answers (ok, html, 429, error, hang, redirect, raw), with the mode's options."""
        return await self.request("POST", "shortener", {"mode": mode, **options})

    async def shortener(self, calls: int | None = None, timeout_s: float | None = None) -> Json:
        """Return the shortener's modes, calls and links. `calls`: wait for that many (else SandboxError 408)."""
        return await self.request("GET", "shortener", calls=calls, timeout_s=timeout_s)

    async def through_adverts(self, short_url: str) -> tuple[str, str]:
        """Follow the advert pages of a short link. Returns destination and last page's address (the Referer)."""
        last_page = urljoin(short_url, _onward(await self._page(short_url)))
        return urljoin(last_page, _onward(await self._page(last_page))), last_page

    async def _page(self, url: str) -> str:
        async with self._open_session().get(url) as response:
            if response.status != 200:
                raise SandboxError(response.status, f"{url} is no page of adverts")
            return await response.text()

    async def idle(self, bot: str | int | None = None, timeout_s: float = 10.0, quiet_ms: float | None = None) -> None:
        """Wait until the bots seem idle. Raises SandboxError 408."""
        await self.request("GET", "idle", bot=bot, timeout_s=timeout_s, quiet_ms=quiet_ms)

    async def upload(self, content: bytes, file_name: str, kind: str | None = None) -> str:
        """Upload a file for `media` and `album`. Returns its id."""
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
        """Return a person to act as."""
        return Person(self, user_id)


def _onward(page: str) -> str:
    """The address of the button on an advert page. Raises ValueError for any other page."""
    found = _ONWARD.search(page)
    if found is None:
        raise ValueError("this is no page of adverts")
    return html.unescape(found[1])


class Person:
    """One person. `wait` considers only changes since their last action towards that bot."""

    def __init__(self, client: SandboxClient, user_id: int) -> None:
        self.id = user_id
        self._client = client

    async def act(self, action: str, **more: object) -> Json:
        """Perform an action of `POST /control/act`; None values are omitted."""
        given = {name: value for name, value in more.items() if value is not None}
        return await self._client.request("POST", "act", {"as": self.id, "do": action, **given})

    async def text(self, to: str | int, text: str) -> Json:
        """Send a text."""
        return await self.act("text", to=to, text=text)

    async def media(self, to: str | int, kind: str, **more: object) -> Json:
        """Send one item of another kind; `more`: `caption`, `file_name`, `file_size`, `upload`."""
        return await self.act("media", to=to, kind=kind, **more)

    async def album(self, to: str | int, items: list[Json], order: list[int] | None = None) -> Json:
        """Send an album. `order`: the order in which its updates are queued."""
        return await self.act("album", to=to, items=items, order=order)

    async def forward(
        self, to: str | int, from_chat: str | int, message_ids: list[int], hidden_name: str | None = None
    ) -> Json:
        """Forward messages of a channel or of the chat with a bot.

        `hidden_name`: as if first written by somebody who hides their account; "" has no name, which aiogram refuses.
        """
        return await self.act("forward", to=to, from_chat=from_chat, message_ids=message_ids, hidden_name=hidden_name)

    async def press(self, where: str | int, text: str, message_id: int | None = None, **chosen: object) -> Json:
        """Press a button. `chosen`, for buttons that ask: `chat_id` or `new_chat` (title, username?), `user_ids`."""
        return await self.act("press", **{"in": where}, text=text, message_id=message_id, **chosen)

    async def choices(self, bot: str | int, text: str) -> Json:
        """Return what a button that asks offers: `chats`, `creates`, `public`; or `users`, `max_quantity`."""
        return await self._client.request("GET", "choices", user=self.id, bot=bot, button=text)

    async def commands(self, bot: str | int, chat: str | int | None = None) -> list[Json]:
        """Return the commands the app offers in the chat with a bot, or for the bot in a group."""
        found = await self._client.request("GET", "commands", user=self.id, bot=bot, chat=chat)
        return list(found["commands"])

    async def forge_callback(self, bot: str | int, data: str, message_id: int | None = None) -> Json:
        """Send a callback that is on no keyboard."""
        return await self.act("forge_callback", **{"in": bot}, data=data, message_id=message_id)

    async def link(self, url: str, chat_id: int | None = None) -> Json:
        """Open a link. `chat_id`: the channel chosen for a `?startchannel` link."""
        return await self.act("link", url=url, chat_id=chat_id)

    async def block(self, bot: str | int) -> Json:
        """Block a bot."""
        return await self.act("block", bot=bot)

    async def unblock(self, bot: str | int, restart: bool = False) -> Json:
        """Unblock a bot; with `restart`, also send /start."""
        return await self.act("unblock", bot=bot, restart=restart)

    async def join(self, chat_id: int) -> Json:
        """Join a chat."""
        return await self.act("join", chat=chat_id)

    async def request_join(self, chat_id: int, url: str | None = None) -> Json:
        """Ask to join a chat, by the invitation link `url` if given."""
        return await self.act("request_join", chat=chat_id, url=url)

    async def approve(self, chat_id: int, user_id: int) -> Json:
        """Approve a join request for a chat this person administers."""
        return await self.act("approve", chat=chat_id, user=user_id)

    async def decline(self, chat_id: int, user_id: int) -> Json:
        """Decline a join request."""
        return await self.act("decline", chat=chat_id, user=user_id)

    async def invitation(self, url: str) -> Json:
        """Return what the app shows about an invitation before it is used."""
        return await self._client.request("GET", "invitation", user=self.id, url=url)

    async def revoke_link(self, chat_id: int, url: str) -> Json:
        """Revoke an invite link of a chat this person administers, also a bot's."""
        return await self.act("revoke_link", chat=chat_id, url=url)

    async def pin(self, bot: str | int, message_id: int) -> Json:
        """Pin a message in the chat with a bot."""
        return await self.act("pin", **{"in": bot}, message_id=message_id)

    async def set_timer(self, bot: str | int, seconds: int) -> Json:
        """Set the auto-delete timer of the chat with a bot, 0 to switch it off."""
        return await self.act("set_timer", **{"in": bot}, seconds=seconds)

    async def leave(self, chat_id: int) -> Json:
        """Leave a chat."""
        return await self.act("leave", chat=chat_id)

    async def delete(self, where: str | int, message_ids: list[int]) -> Json:
        """Delete messages for everyone in the chat."""
        return await self.act("delete", **{"in": where}, message_ids=message_ids)

    async def deactivate(self) -> Json:
        """Delete the account."""
        return await self.act("deactivate")

    async def transcript(self, bot: str | int, since: int = 0) -> Json:
        """Return the conversation with a bot."""
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
        """Wait for changes that meet all given conditions, and return the changed messages.

        Changes count from this person's last action towards the bot, or from number `since`.

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
