"""Browser and system of a request in words, for the person whose session it is. Only names listed here come out."""

#: mark in User-Agent → name; the first that matches: others pass for Chrome, Chrome passes for Safari
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
#: Android calls itself Linux, too, and an iPhone Mac OS X
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
#: characters of the header that are looked at
_READ_MAX = 512


def device_of(user_agent: str) -> str:
    """Return what a User-Agent header says, like "Firefox, Linux"; "" when it says nothing known."""
    text = user_agent[:_READ_MAX]
    found = (next((name for mark, name in names if mark in text), "") for names in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name)
