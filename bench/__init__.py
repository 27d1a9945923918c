"""The figures of `make bench`: what the product costs beside something simpler. No test is timed."""
