"""The tables by which compiled steps find their arrays and settings: what stands in which place."""

# Columns of a thread's table of layers, an int64 array with a row for the inputs and one for each layer: units, entries and bytes
# of a row of A and S, addresses and bytes of a row of the thread's block of weights and of all transposed; the block's place (first
# byte of a row of A, units, bytes with padding) and the thread's rows of it; whether threads share the units, and W is large; of
# sparse inputs, where the thread keeps how many of each example's non-zeros it has seen.
(
    N, LD, ROW, A, S, W, W_ROW, WT, WT_ROW, FIRST, UNITS, WIDE, LOW, HIGH, SHARED, LARGE, ACTIVATION, ACTIVATION_P, THRESHOLD,
    GRADIENT, STATE, SEEN, FIELDS,
) = range(23)  # fmt: skip
# Columns of the table of factors, a float64 array with a row for each layer: learning rates of W and b, 1/keep of dropout.
W_RATE, B_RATE, KEEP, FACTORS = range(4)
# Entries of the int64 array of what a run works on. Sparse inputs have the values of their non-zeros at X, their columns, and where
# each row's begin (INDPTR is 0 for others); ENDS is where those of a batch begin and end.
(
    JOB, SIZE, BATCH, X, X_KIND, X_ROW, X_COLUMN, Y, Y_KIND, Y_ROW, Y_COLUMN, Y_BUFFER, Y_LD, WEIGHTS, W_BUFFER, LOSS, LOSS_P,
    FUSED, VJP, RULE, RULE_P, RULE_COUNT, ALPHA, STATE_SIZE, CLIPPED, SCRATCH, SCRATCH_BYTES, PANEL, PANEL_BYTES,
    PANELS, MEETING, STEP, SEED, OUT, PER_BATCH, COLUMNS, INDPTR, ENDS, SPARSE_PRODUCT, SPARSE_UPDATE, ALL,
) = range(41)  # fmt: skip
# Entries of the float64 array of a run's settings.
L2, DECAY, CLIP, SMOOTHING, USUAL, TOTAL, SETTINGS = range(7)
TRAIN, GRADIENTS, OUTPUTS = range(3)
"""The jobs: take steps, add up the gradient without a step, or only compute outputs."""
LOSSES, PENALTIES, SQUARES, MEETINGS = range(4)
"""What a thread tells the others of a step, and how often it has met them."""
