"""MongoDB: the only package that imports motor, pymongo or the in-memory store."""
