"""The web app: the verification page, the admin page with its API, health probes and metrics. Imports no Telegram."""
