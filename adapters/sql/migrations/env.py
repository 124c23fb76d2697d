"""Run by Alembic: migrates over the connection, and in the transaction, that its caller opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, transactional_ddl=False)
context.run_migrations()
