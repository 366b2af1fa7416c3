"""Connections to the embedded server: the first one starts it, the last process to end stops it.

The settings do not, for `check` and `collectstatic` need no database.
"""

from django.db.backends.postgresql import base, client

from lmlecc.embedded_pg import Server, ServerError


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with the psql that came with the server."""

    def runshell(self, parameters):
        self.connection.ensure_connection()
        self.connection.settings_dict["HOST"] = self.connection.get_connection_params()["host"]
        self.executable_name = str(self.connection.server.program("psql"))
        super().runshell(parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def __init__(self, settings_dict, alias):
        super().__init__(settings_dict, alias)
        self.server = Server(settings_dict["EMBEDDED"], durable=settings_dict["DURABLE"])

    def get_connection_params(self):
        return super().get_connection_params() | {"host": str(self.server.socket_dir)}

    def get_new_connection(self, conn_params):
        try:
            self.server.hold()
            try:
                return super().get_new_connection(conn_params)
            except base.Database.OperationalError:  # it does not run yet, or was killed
                self.server.start()
        except ServerError as problem:
            raise base.Database.OperationalError(str(problem)) from problem
        return super().get_new_connection(conn_params | {"host": str(self.server.socket_dir)})
