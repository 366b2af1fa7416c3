"""The database backend "lmlecc.pg": Django's own for PostgreSQL, on the server that the project starts itself."""
