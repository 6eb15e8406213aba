"""What a run of training is told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One run's choices; a run may begin from another run's checkpoint."""

    steps: int
    batch: int = 16
    frames: int = 112
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    warm_up_steps: int = 200
    identity_share: float = 0.45
    divergence_weight: float = 0.02
    pitch_weight: float = 0.3
    tone_weight: float = 0.5
    adversarial_weight: float = 0.0
    matching_weight: float = 0.0
    adversarial_frames: int = 48
    critics_every: int = 1
    adversary_learning_rate: float = 8e-4
    critic_weight: float = 0.0
    critic_margin: float = 0.2
    noise_share: float = 0.0
    content_weight: float = 0.0
    critic_items: int = 6
    words_weight: float = 0.0
    converted_words_weight: float = 0.0
    words_items: int = 6
    average_decay: float = 0.998
    seed: int = 1
    threads: int = 2
