"""The child's end of `bench.harness.child`: one JSON object per line, on standard input and output."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TextIO

#: bytes of one line at most; the waiting times of a thousand requests are some 100 kB
LINE_MAX = 1 << 20

Answer = Mapping[str, Any]
#: called with the arguments of one line; its name is the name of its function
Action = Callable[..., Awaitable[Answer]]


def take_stdout() -> TextIO:
    """Return the real standard output, for answers alone; what else is printed goes nowhere from now on."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return answers


async def serve_actions(answers: TextIO, *actions: Action) -> None:
    """Say that the child is ready, then run the action of each line, one after the other, until the input ends."""
    by_name = {action.__name__: action for action in actions}
    reader = asyncio.StreamReader(limit=LINE_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _write(answers, {"ready": True})
    while line := await reader.readline():
        arguments = json.loads(line)
        _write(answers, await by_name[arguments.pop("action")](**arguments))


def _write(answers: TextIO, answer: Answer) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
