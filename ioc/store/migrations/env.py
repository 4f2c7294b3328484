"""Runs Alembic's revisions on the connection that `ioc.store.migrate` hands over."""

from alembic import context

from ioc.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    transactional_ddl=True,  # SQLite as well: `ioc.store.migrate` begins its transactions
)
with context.begin_transaction():
    context.run_migrations()
