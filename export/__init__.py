"""Export of PyTorch networks and checkpoints to checked ONNX bundles."""
