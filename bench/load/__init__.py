"""More requests than the web app can answer, and a day of its life in minutes."""
