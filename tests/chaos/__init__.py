"""The main job under fire: whole episodes with real processes, each planned by one number."""
