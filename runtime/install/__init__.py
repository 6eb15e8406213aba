"""Official models without PyTorch: fetched, read, poured into graph skeletons, proven, placed."""
