"""Measurements of the product beside something simpler. They are printed, not judged; counts are tests instead."""
