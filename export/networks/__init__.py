"""PyTorch definitions of the networks: OpenVoice's converter and the compact model."""
