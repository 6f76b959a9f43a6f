"""Run the revisions on the connection that ``upgrade_database`` hands over."""

from alembic import context

from textwright.lifecycle.tables import Table

# One transaction holds all of it on both databases: a killed upgrade leaves nothing.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,  # for its names of constraints
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
