"""Key files of DATA_DIR that an encrypted backup carries: a new machine gets them, none is overwritten."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.private_files import write_once
from database.backups.manifest import KeyFile


@dataclass(slots=True)
class RestoredKeys:
    """Names of key files."""

    written: list[str] = field(default_factory=list)
    #: DATA_DIR has others by these names, which stay
    others: list[str] = field(default_factory=list)


def restore_keys(data_dir: Path, keys: Mapping[KeyFile, str]) -> RestoredKeys:
    """Write the keys that DATA_DIR does not have (0600). Raises OSError; may be repeated."""
    restored = RestoredKeys()
    for name, content in keys.items():
        path = data_dir / name
        if path.exists():
            if path.read_text(encoding="ascii", errors="replace").strip() != content:
                restored.others.append(name)
            continue
        write_once(path, f"{content}\n".encode("ascii"))
        restored.written.append(name)
    return restored
