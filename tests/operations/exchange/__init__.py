"""Operations of exports and of old links."""
