"""What an image is made of: run inside a build, and on a root file system that was built."""
