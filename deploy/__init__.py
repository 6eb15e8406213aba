"""What surrounds the server in production: container images, Kubernetes and Ray."""
