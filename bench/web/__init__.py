"""Requests to the web app, beside a static page."""
