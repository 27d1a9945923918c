"""The figures of `make bench`: counts, throughput beside a bare bot, taking back, memory. No test is timed."""
