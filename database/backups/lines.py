"""Documents as lines of canonical extended JSON, which keeps every BSON type, and back."""

import base64
import binascii
import json
from datetime import UTC
from typing import Any

import bson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.json_util import JSONMode, JSONOptions

from database.backups.bounds import SIGNED, Bounds, check_shape
from database.values import Document

#: bytes of BSON in a MongoDB document
DOCUMENT_MAX = 16 * 1024 * 1024

_OPTIONS = JSONOptions(
    json_mode=JSONMode.CANONICAL, tz_aware=True, tzinfo=UTC, datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
_CODEC = CodecOptions[Document](tz_aware=True, tzinfo=UTC, datetime_conversion=DatetimeConversion.DATETIME_AUTO)
#: the one field of a line that holds BSON as base64
_AS_BSON = "$bson"


def to_line(document: Document) -> bytes:
    """Return the document's line with its end. Raises ValueError for values BSON cannot hold (a lone surrogate)."""
    if _has_dollar(document):
        # extended JSON would read a field that begins with $ as a type of its own: another document would come back
        return _as_bson(document)
    try:
        text = json_util.dumps(document, json_options=_OPTIONS, ensure_ascii=False, separators=(",", ":"))
    except TypeError as error:
        raise ValueError(str(error)) from error
    line = text.encode() + b"\n"
    # JSON writes a control character of one byte as six: such a document is longer than any line may be
    return line if len(line) <= SIGNED.line else _as_bson(document)


def _as_bson(document: Document) -> bytes:
    return json.dumps({_AS_BSON: base64.b64encode(_encoded(document)).decode("ascii")}).encode() + b"\n"


def _has_dollar(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("$") or _has_dollar(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_dollar, value))


def from_line(line: bytes, bounds: Bounds = SIGNED) -> Document:
    """Return the document of a line. Raises ValueError with the reason for anything else, or without an `_id`."""
    check_shape(line, bounds)
    try:
        document = _parsed(line)
        size = len(_encoded(document)) if isinstance(document, dict) else 0
    except (TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, BSONError) as error:
        raise ValueError(f"not a document ({type(error).__name__})") from error
    if not isinstance(document, dict) or "_id" not in document:
        raise ValueError("not a document with an _id")
    if size > DOCUMENT_MAX:
        raise ValueError("a document larger than MongoDB takes")
    return document


def _parsed(line: bytes) -> Any:
    try:
        document = json_util.loads(line.decode(), json_options=_OPTIONS)
        if isinstance(document, dict) and document.keys() == {_AS_BSON}:
            return bson.decode(base64.b64decode(document[_AS_BSON], validate=True), codec_options=_CODEC)
    except json.JSONDecodeError:
        raise ValueError("not JSON") from None
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except binascii.Error:
        raise ValueError("not base64") from None
    return document


def _encoded(document: Document) -> bytes:
    try:
        return bson.encode(document, codec_options=_CODEC)
    except (BSONError, OverflowError, UnicodeError) as error:
        raise ValueError(f"a value MongoDB does not keep ({type(error).__name__})") from error
