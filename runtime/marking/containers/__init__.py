"""The label in each container: written into the head of a file as it is encoded, and read."""
