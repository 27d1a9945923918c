"""Operations of the gate: the message that shows what a post still needs."""
