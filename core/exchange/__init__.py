"""What leaves for other programs and comes from other bots: exports, links of another bot."""
