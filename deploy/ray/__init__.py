"""Ray: the conversion of whole data sets, on all machines of a cluster."""
