"""What all figures share: the sandbox and its subscribers, child processes, stores, tables."""
