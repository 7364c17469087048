"""The steps of training as compiled code: vector tiles, products, the epoch, the buffers and the threads."""
