"""The parts of `tests.operations.probe`."""
