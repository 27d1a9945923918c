"""Tests: each reads as a claim about the product."""
