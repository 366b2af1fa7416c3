"""The database backend "lmlecc.pg": Django's own for PostgreSQL, which starts the embedded server when it is asked."""
