"""What surrounds the server in production: container images and Kubernetes."""
