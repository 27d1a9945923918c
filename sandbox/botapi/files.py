"""getFile (row 18, BOTAPI §2.8). The server sends the bytes at /file/bot<token>/<file_path>."""

from typing import Any

from sandbox.botapi.method import Method
from sandbox.errors import ApiError, bad_request
from sandbox.state.files import MAX_DOWNLOAD_BYTES, file_id
from sandbox.wire import Call

Json = dict[str, Any]


def get_file(call: Call) -> Json:
    wanted = call.text("file_id")
    if not wanted:
        raise bad_request("file_id not specified")
    try:
        file = call.world.files.find(call.bot.id, wanted)
    except ApiError as error:
        if error.description.endswith("wrong file identifier/HTTP URL specified"):
            raise bad_request("wrong file_id or the file is temporarily unavailable") from error
        raise bad_request("invalid file_id") from error
    if file.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    shown = {"file_id": file_id(file, call.bot.id), "file_unique_id": file.unique_id}
    return shown | {"file_size": file.size, "file_path": file.path}


METHODS: dict[str, Method] = {"getFile": get_file}
