"""Invitations to the team, and what its members did."""
