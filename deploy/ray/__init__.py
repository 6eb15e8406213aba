"""Ray: the server as a Ray Serve application, and the conversion of whole data sets."""
