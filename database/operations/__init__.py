"""Operations: modules of functions over the open database, one atomic thing each."""
