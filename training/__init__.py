"""The recipe that makes the compact model."""
