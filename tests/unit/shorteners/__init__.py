"""Tests of the shorteners; each provider is a real server on 127.0.0.1."""
