"""Live conversion: samples in as they are spoken, samples out a fraction of a second later."""
