"""Run by Alembic for every command; the connection, already in a transaction, comes from `migration`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("target_metadata"),
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
