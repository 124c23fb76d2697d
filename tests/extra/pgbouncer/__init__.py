"""Through a PgBouncer that pools transactions; a suite of its own, because it needs one."""
