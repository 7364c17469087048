"""Training on the CPU: `fit`, and the engines that take its steps."""
