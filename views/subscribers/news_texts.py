"""What subscribers read about broadcasts, which are called news there."""

#: also a toast: at most 200 characters (BOTAPI §2.7)
STOPPED = "News is off: I send you no more of it. Posts work as before. /news turns it on again."
WANTED = "News is on: now and then you get a message from the owner. /stop_news turns it off."

#: a line of /help
HELP = "/stop_news turns off news, which the owner may send to everybody here; /news turns it on again."
#: a line of /me, for those who turned it off
OFF = "News is off. /news turns it on again."
