"""The read model: migrations, the projection's transaction and queries, on PostgreSQL."""
