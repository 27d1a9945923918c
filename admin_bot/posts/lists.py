"""A page of the list of posts; one command, two for a number that is searched."""

from database.operations.posts import post_search
from views.posts import lists as views
from views.posts.callbacks import PostList
from views.screens import Screen


async def list_screen(place: PostList, search: str | None) -> Screen:
    """Return one page of the list. `search`: as typed, None for none."""
    found, more = await post_search.search(
        search, skip=place.page * views.PAGE, limit=views.PAGE, show=place.show.filter
    )
    return views.list_screen(found, place, more=more, search=search)
