"""Run by Alembic: migrates over the connection, and in the transaction, that its caller opened; or writes a script."""

from alembic import context

from leadnator_auth.adapters.sql.schema import VERSION_TABLE

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], version_table=VERSION_TABLE, transactional_ddl=False)
else:
    context.configure(
        connection=attributes["connection"], target_metadata=None, version_table=VERSION_TABLE, transactional_ddl=False
    )
context.run_migrations()
