"""The log and the metrics. They are told numbers and names, and know no part of the server."""
