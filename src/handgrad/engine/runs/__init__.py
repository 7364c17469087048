"""What a run of training is made of, around the steps: options, scores, stopping, progress and checkpoints."""
