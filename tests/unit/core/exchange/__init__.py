"""Rules of exports and of links of other bots."""
