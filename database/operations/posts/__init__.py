"""Operations of posts: the collection, its content, search, and taking down everywhere."""
