"""The API of posts: list and card, publishing, the schedule, numbers."""
