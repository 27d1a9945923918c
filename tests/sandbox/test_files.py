"""Row 18: file_ids belong to one bot; uploads and downloads."""

import struct

import aiohttp
import pytest

from tests.sandbox.conftest import Json, Town

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 120, 90) + b"\x08\x02\x00\x00\x00"


async def _upload(town: Town, kind: str, name: str, content: bytes) -> tuple[int, Json]:
    form = aiohttp.FormData()
    form.add_field("chat_id", "7002")
    form.add_field(kind, content, filename=name)
    method = f"send{kind.capitalize()}"
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/{method}", data=form) as response:
        return response.status, await response.json()


async def _document(town: Town) -> Json:
    _, body = await _upload(town, "document", "list.txt", b"bytes")
    document: Json = body["result"]["document"]
    return document


async def test_upload_can_be_sent_again_and_downloaded(town: Town) -> None:
    document = await _document(town)
    again = await town.shop("sendDocument", chat_id=7002, document=document["file_id"])
    assert again.result["document"]["file_unique_id"] == document["file_unique_id"]
    path = (await town.shop("getFile", file_id=document["file_id"])).result["file_path"]
    async with town.session.get(f"{town.sandbox.url}/file/bot1001:shop/{path}") as response:
        assert await response.read() == b"bytes"


async def test_foreign_file_id_is_refused(town: Town) -> None:
    document = await _document(town)
    await town.alice.link("https://t.me/other_bot")
    reply = await town.other("sendDocument", chat_id=7002, document=document["file_id"])
    assert reply.error == "Bad Request: wrong file identifier/HTTP URL specified"
    reply = await town.other("getFile", file_id=document["file_id"])
    assert reply.error == "Bad Request: wrong file_id or the file is temporarily unavailable"


async def test_both_bots_see_one_unique_id_and_two_file_ids(town: Town) -> None:
    await town.post(kind="document")
    ours = (await town.shop.updates())[-1]["channel_post"]["document"]
    theirs = (await town.other.updates())[-1]["channel_post"]["document"]
    assert ours["file_unique_id"] == theirs["file_unique_id"]
    assert ours["file_id"] != theirs["file_id"]


async def test_unique_id_is_no_file_id(town: Town) -> None:
    document = await _document(town)
    reply = await town.shop("sendDocument", chat_id=7002, document=document["file_unique_id"])
    assert (reply.status, reply.error[:50]) == (400, "Bad Request: wrong remote file identifier specifie")


async def test_file_ids_cannot_be_sent_as_another_kind(town: Town) -> None:
    photo = (await _upload(town, "photo", "a.png", PNG))[1]["result"]["photo"][-1]["file_id"]
    document = (await _document(town))["file_id"]
    as_document = await town.shop("sendDocument", chat_id=7002, document=photo)
    assert as_document.error == "Bad Request: can't use file of type Photo as Document"
    as_photo = await town.shop("sendPhoto", chat_id=7002, photo=document)
    assert as_photo.error == "Bad Request: can't use file of type Document as Photo"


async def test_photo_sizes_come_from_the_picture(town: Town) -> None:
    sizes = (await _upload(town, "photo", "a.png", PNG))[1]["result"]["photo"]
    assert (sizes[-1]["width"], sizes[-1]["height"]) == (120, 90)
    assert len({size["file_unique_id"] for size in sizes}) == 3


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.png", b"no picture", "IMAGE_PROCESS_FAILED"),
        ("a.svg", PNG, "photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp"),
        ("a.png", b"", "file must be non-empty"),
        ("a.png", PNG[:16] + struct.pack(">II", 9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        ("a.png", PNG[:16] + struct.pack(">II", 2100, 100), "PHOTO_INVALID_DIMENSIONS"),
    ],
)
async def test_bad_pictures_are_refused(town: Town, name: str, content: bytes, error: str) -> None:
    status, body = await _upload(town, "photo", name, content)
    assert (status, body["description"]) == (400, f"Bad Request: {error}")


async def test_file_of_20_mb_is_downloadable_and_a_larger_one_is_not(town: Town) -> None:
    limit = 20 * 1024 * 1024
    for size in (limit, limit + 1):
        await town.alice.media("shop_bot", "document", file_size=size)
    small, big = [update["message"]["document"]["file_id"] for update in await town.shop.updates()]
    assert (await town.shop("getFile", file_id=small)).result["file_size"] == limit
    assert (await town.shop("getFile", file_id=big)).error == "Bad Request: file is too big"


@pytest.mark.parametrize(
    ("media", "error"),
    [
        ([{"type": "document", "media": "https://a.com/b"}] * 11, "too many messages to send as an album"),
        (
            [{"type": "document", "media": "https://a.com/b"}, {"type": "photo", "media": "https://a.com/b"}],
            "document can't be mixed with other media types",
        ),
        ([{"type": "sticker", "media": "x"}], 'can\'t parse InputMedia: type "sticker" is unsupported'),
        ([{"type": "photo"}], "can't parse InputMedia: media not found"),
        (
            [{"type": "animation", "media": "https://a.com/b"}],
            "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup",
        ),
    ],
)
async def test_bad_albums_are_refused(town: Town, media: list[Json], error: str) -> None:
    reply = await town.shop("sendMediaGroup", chat_id=7002, media=media)
    assert reply.error == f"Bad Request: {error}"


async def test_album_is_one_group_of_attached_files(town: Town) -> None:
    form = aiohttp.FormData()
    form.add_field("chat_id", "7002")
    form.add_field(
        "media",
        '[{"type":"photo","media":"attach://a","caption":"<b>x</b>","parse_mode":"HTML"},'
        '{"type":"photo","media":"attach://b"}]',
    )
    for name in ("a", "b"):
        form.add_field(name, PNG, filename=f"{name}.png")
    async with town.session.post(f"{town.sandbox.url}/bot1001:shop/sendMediaGroup", data=form) as response:
        messages = (await response.json())["result"]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert messages[0]["caption_entities"][0]["type"] == "bold"


async def test_uploads_of_people_are_shown_as_sent(town: Town) -> None:
    upload = await town.client.upload(PNG, "a.png", "photo")
    await town.alice.media("shop_bot", "photo", upload=upload)
    photo = (await town.shop.updates())[0]["message"]["photo"][-1]
    assert (photo["width"], photo["file_unique_id"]) == (120, upload)
    async with town.session.get(f"{town.sandbox.url}/control/files/{upload}") as response:
        assert (await response.read(), response.content_type) == (PNG, "image/png")


async def test_files_without_bytes_have_a_placeholder_picture(town: Town) -> None:
    await town.alice.media("shop_bot", "photo")
    photo = (await town.shop.updates())[0]["message"]["photo"][0]
    async with town.session.get(f"{town.sandbox.url}/control/files/{photo['file_unique_id']}") as response:
        assert response.content_type == "image/svg+xml"
        assert (await response.read()).startswith(b"<svg")
