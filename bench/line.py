"""How this process talks to the bots it measures: one JSON object per line, on their standard input and output."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TextIO

#: bytes; a longer line has gone wrong (a load of the page with its times is some 100 kB)
LINE_MAX = 1 << 20

Answer = Mapping[str, Any]
Deed = Callable[[dict[str, Any]], Awaitable[Answer]]


def take_stdout() -> TextIO:
    """The real standard output, for answers alone: what else is printed there (`database: open`) goes nowhere."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return answers


async def answer_lines(deeds: Mapping[str, Deed], answers: TextIO) -> None:
    """Say that we are ready, then do what each line asks (`{"do": name, …}`) until the input ends."""
    reader = asyncio.StreamReader(limit=LINE_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _write(answers, {"ready": True})
    while line := await reader.readline():
        wish = json.loads(line)
        _write(answers, await deeds[wish.pop("do")](wish))


def _write(answers: TextIO, answer: Answer) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
