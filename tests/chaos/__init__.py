"""Failure-injection tests of the main job: whole episodes with real processes, each generated from one seed."""
