"""Tests of the shorteners: a real server on 127.0.0.1 stands for each provider; nothing sleeps."""
