"""The networks as PyTorch modules: OpenVoice's converter and the compact model."""
