"""Operations of shorteners: the list, and the counts of each day."""
