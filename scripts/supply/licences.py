"""The licence of each installed package, as an SPDX expression."""

import re
from importlib.metadata import PackageNotFoundError, metadata

#: what Tollgate, under the MIT licence, may be installed with: no terms for our own code. MPL-2.0 holds for the files
#: of its package alone, which are installed unchanged
COMPATIBLE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
)
#: packages that say it in words only, or are not installed on this system
READ_BY_US = {
    "colorama": "BSD-3-Clause",
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "pyrage": "MIT",
}
#: the words packages use, in short form or as a classifier
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def licence_of(name: str) -> str:
    """Return an SPDX expression. Raises LookupError when nothing is known."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return READ_BY_US[name]
    if "License-Expression" in told:
        return str(told["License-Expression"])
    if name in READ_BY_US:
        return READ_BY_US[name]
    classifiers = [one for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    words = [*(told.get_all("License") or ()), *(one.rpartition(":: ")[2] for one in classifiers)]
    for word in words:
        if (found := _SPDX.get(word, str(word))) in COMPATIBLE:
            return found
    raise LookupError(f"{name}: {words}")


def is_compatible(expression: str) -> bool:
    """Whether an SPDX expression leaves a way through `COMPATIBLE`: each part of AND, one part of OR."""
    parts = re.split(r"\s+AND\s+", expression)
    return all(any(one in COMPATIBLE for one in re.split(r"\s+OR\s+", part.strip().strip("()"))) for part in parts)
