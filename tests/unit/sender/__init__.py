"""Tests of the sender; time is virtual, nothing sleeps."""
