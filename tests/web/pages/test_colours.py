"""WCAG contrast of the colour pairs in the style sheet: at least 4.5 for text, 3 for buttons."""

import re

import pytest

from web_app.pages.assets import FOLDER

STYLE = (FOLDER / "page.css").read_text(encoding="utf-8")
#: foreground, background, least contrast
PAIRS = (
    ("text", "card", 4.5),
    ("quiet", "card", 4.5),
    ("quiet", "ground", 4.5),
    ("quiet", "glow", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "pressed", 4.5),
    ("accent", "card", 3.0),
)
SIGNS = re.compile(r"\.(?:done|sorry) \{ --sign: (#[0-9a-f]{6}); \}")


def colours(scheme: str) -> dict[str, str]:
    """The colour variables of a scheme; the dark scheme is the second block."""
    blocks = re.findall(r":root \{([^}]*)\}", STYLE)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", blocks[0]))
    return found | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", blocks[1])) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_text_and_buttons_have_enough_contrast(scheme: str, ink: str, ground: str, least: float) -> None:
    found = colours(scheme)
    assert contrast(found[ink], found[ground]) >= least


def test_signs_have_enough_contrast() -> None:
    signs = SIGNS.findall(STYLE)
    assert len(signs) == 4
    for sign, scheme in zip(signs, ("light", "light", "dark", "dark"), strict=True):
        assert contrast(sign, colours(scheme)["card"]) >= 4.5


def test_buttons_are_large_enough_and_reduced_motion_is_respected() -> None:
    (height,) = re.findall(r"min-height: ([\d.]+)rem; margin-top", STYLE)
    assert float(height) * 17 >= 44
    assert "prefers-reduced-motion" in STYLE
    assert ":focus-visible" in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE
