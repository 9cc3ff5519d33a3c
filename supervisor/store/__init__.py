"""The database: engine, tables, schema history, the bots' rows, the ledger of what they did, the recorder thread.

The only package that imports sqlalchemy, psycopg2 or alembic. What will never live here: decisions about
bots, sockets, processes, formatting for people.
"""
