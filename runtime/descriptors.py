"""Files and connections a process may have open at once."""

import sys

if sys.platform != "win32":
    import resource

#: as many as are asked for: more are used by nothing here
WANTED = 65_536
#: with fewer, a rush on the web app or on Telegram comes near them
FEW = 4096


def raise_limit() -> str | None:
    """Raise the limit of open files as far as the system lets this process; return a line when that is not far.

    Systems differ in what they start a process with: 1,024 in a shell, a million in some containers.
    """
    if sys.platform == "win32":
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft == resource.RLIM_INFINITY or soft >= FEW:
        return None
    return f"only {soft} files and connections may be open at once: raise the hard limit (ulimit -Hn, LimitNOFILE=)"
