"""Derivations that are right, in the notations that people write them in: none of their lines is called wrong."""

import pytest
from judged import displayed as tex

import handgrad

COLUMNS, ROWS, ONE = "examples are columns", "examples are rows", "one example"
BINARY, SOFTMAX, SQUARED = "sigmoid with binary cross entropy", "softmax with cross entropy", "squared error"
OUT_IN, IN_OUT = "W[l] is n_l × n_{l-1}", "W[l] is n_{l-1} × n_l"

LAYER_MARKS = {
    "[l]": tex(
        r"Z^{[l]} = W^{[l]} A^{[l-1]} + b^{[l]}",
        r"A^{[l]} = g^{[l]}(Z^{[l]})",
        r"dZ^{[l]} = dA^{[l]} \odot g^{[l]'}(Z^{[l]})",
        r"dW^{[l]} = \frac{1}{m} dZ^{[l]} A^{[l-1]T}",
        r"db^{[l]} = \frac{1}{m} \sum_{i=1}^{m} dZ^{[l](i)}",
        r"dA^{[l-1]} = W^{[l]T} dZ^{[l]}",
        r"W^{[l]} := W^{[l]} - \alpha\, dW^{[l]}",
    ),
    "(l)": tex(
        r"z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}",
        r"a^{(l)} = f(z^{(l)})",
        r"E = \frac{1}{2} \lVert a^{(L)} - y \rVert^2",
        r"\delta^{(L)} = (a^{(L)} - y) \circ f'(z^{(L)})",
        r"\delta^{(l)} = \left( (W^{(l+1)})^\top \delta^{(l+1)} \right) \circ f'(z^{(l)})",
        r"\frac{\partial E}{\partial W^{(l)}} = \delta^{(l)} (a^{(l-1)})^\top",
        r"\frac{\partial E}{\partial b^{(l)}} = \delta^{(l)}",
    ),
    "plain superscripts": tex(
        r"z^l = w^l a^{l-1} + b^l",
        r"a^l = \sigma(z^l)",
        r"C = \frac{1}{2} \sum_j (y_j - a^L_j)^2",
        r"\delta^L = \nabla_a C \odot \sigma'(z^L)",
        r"\nabla_a C = a^L - y",
        r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",
        r"\frac{\partial C}{\partial b^l_j} = \delta^l_j",
        r"\frac{\partial C}{\partial w^l_{jk}} = a^{l-1}_k \delta^l_j",
    ),
    "subscripts": tex(
        r"z_1 = W_1 x + b_1",
        r"h_1 = \tanh(z_1)",
        r"z_2 = W_2 h_1 + b_2",
        r"\hat{y} = \mathrm{softmax}(z_2)",
        r"L = -\sum_k y_k \log \hat{y}_k",
        r"\frac{\partial L}{\partial z_2} = \hat{y} - y",
        r"\frac{\partial L}{\partial W_2} = (\hat{y} - y) h_1^T",
        r"\frac{\partial L}{\partial h_1} = W_2^T (\hat{y} - y)",
        r"\frac{\partial L}{\partial z_1} = \frac{\partial L}{\partial h_1} \odot (1 - h_1^2)",
        r"\frac{\partial L}{\partial W_1} = \frac{\partial L}{\partial z_1} x^T",
    ),
    "digits": tex(
        r"Z1 = W1 X + b1",
        r"A1 = ReLU(Z1)",
        r"Z2 = W2 A1 + b2",
        r"A2 = softmax(Z2)",
        r"dZ2 = A2 - Y",
        r"dW2 = \frac{1}{m} dZ2 A1^T",
        r"db2 = \frac{1}{m} \sum dZ2",
        r"dZ1 = W2^T dZ2 * ReLU'(Z1)",
        r"dW1 = \frac{1}{m} dZ1 X^T",
    ),
    "W^o and W^h": tex(
        r"Z^h = W^h X + b^h",
        r"A^h = \sigma(Z^h)",
        r"Z^o = W^o A^h + b^o",
        r"A^o = \sigma(Z^o)",
        r"C = \frac{1}{2} (A^o - Y)^2",
        r"\delta^o = (A^o - Y) \odot \sigma'(Z^o)",
        r"\frac{\partial C}{\partial W^o} = \delta^o (A^h)^T",
        r"\delta^h = (W^o)^T \delta^o \odot \sigma'(Z^h)",
        r"\frac{\partial C}{\partial W^h} = \delta^h X^T",
    ),
    "letters as layers": tex(
        r"z_j = \sum_i w_{ij} x_i + b_j",
        r"h_j = \sigma(z_j)",
        r"z_k = \sum_j w_{jk} h_j + b_k",
        r"o_k = \sigma(z_k)",
        r"E = \frac{1}{2} \sum_k (o_k - t_k)^2",
        r"\delta_k = (o_k - t_k) o_k (1 - o_k)",
        r"\frac{\partial E}{\partial w_{jk}} = \delta_k h_j",
        r"\delta_j = h_j (1 - h_j) \sum_k w_{jk} \delta_k",
        r"\frac{\partial E}{\partial w_{ij}} = \delta_j x_i",
    ),
    "brackets behind": "The loss is binary cross-entropy, on the output of a sigmoid.\n\n"
    + "\n".join(
        f"    {line}"
        for line in (
            "Z[1] = W[1] X + b[1]",
            "A[1] = tanh(Z[1])",
            "Z[2] = W[2] A[1] + b[2]",
            "A[2] = sigmoid(Z[2])",
            "dZ[2] = A[2] - Y",
            "dW[2] = 1/m * dot(dZ[2], A[1].T)",
            "dZ[1] = dot(W[2].T, dZ[2]) * (1 - A[1]^2)",
            "dW[1] = 1/m * dot(dZ[1], X.T)",
        )
    ),
}

NUMBERING = {
    "bias folded": "Each row of $X$ is an example, with a 1 in front for the bias.\n\n"
    + tex(
        r"Z = X W",
        r"\hat{Y} = \sigma(Z)",
        r"J = -\frac{1}{m} \sum_{i=1}^{m} \left[ y_i \log \hat{y}_i + (1 - y_i) \log(1 - \hat{y}_i) \right]",
        r"\frac{\partial J}{\partial W} = \frac{1}{m} X^T (\hat{Y} - Y)",
        r"W := W - \alpha \frac{1}{m} X^T (\hat{Y} - Y)",
    ),
    "theta and accumulators": tex(
        r"a^{(1)} = x",
        r"z^{(2)} = \Theta^{(1)} a^{(1)}",
        r"a^{(2)} = g(z^{(2)})",
        r"z^{(3)} = \Theta^{(2)} a^{(2)}",
        r"a^{(3)} = g(z^{(3)})",
        r"\delta^{(3)} = a^{(3)} - y",
        r"\delta^{(2)} = (\Theta^{(2)})^T \delta^{(3)} \mathbin{.*} g'(z^{(2)})",
        r"g'(z^{(2)}) = a^{(2)} \mathbin{.*} (1 - a^{(2)})",
        r"\Delta^{(l)} := \Delta^{(l)} + \delta^{(l+1)} (a^{(l)})^T",
        r"D^{(l)} := \frac{1}{m} \Delta^{(l)}",
    ),
    "layers from 0": tex(
        r"Z_0 = W_0 X + b_0",
        r"A_0 = \tanh(Z_0)",
        r"Z_1 = W_1 A_0 + b_1",
        r"A_1 = \sigma(Z_1)",
        r"J = -\frac{1}{m} \sum (Y \log A_1 + (1 - Y) \log(1 - A_1))",
        r"dZ_1 = A_1 - Y",
        r"dW_1 = \frac{1}{m} dZ_1 A_0^T",
        r"dZ_0 = W_1^T dZ_1 \odot (1 - A_0^2)",
        r"dW_0 = \frac{1}{m} dZ_0 X^T",
    ),
    "weights one off": tex(
        r"z^{l+1} = W^l a^l + b^l",
        r"a^{l+1} = f(z^{l+1})",
        r"J = \frac{1}{2} \| a^{L} - y \|^2",
        r"\delta^{L} = (a^{L} - y) \odot f'(z^{L})",
        r"\delta^l = (W^l)^T \delta^{l+1} \odot f'(z^l)",
        r"\frac{\partial J}{\partial W^l} = \delta^{l+1} (a^l)^T",
        r"\frac{\partial J}{\partial b^l} = \delta^{l+1}",
    ),
}

LAYOUTS = {
    "rows": "Every row of $X$ is one example.\n\n"
    + tex(
        r"Z_1 = X W_1 + b_1",
        r"A_1 = \mathrm{ReLU}(Z_1)",
        r"Z_2 = A_1 W_2 + b_2",
        r"A_2 = \mathrm{softmax}(Z_2)",
        r"dZ_2 = \frac{1}{m} (A_2 - Y)",
        r"dW_2 = A_1^T dZ_2",
        r"db_2 = \sum_{i=1}^{m} dZ_2^{(i)}",
        r"dZ_1 = dZ_2 W_2^T \odot \mathrm{ReLU}'(Z_1)",
        r"dW_1 = X^T dZ_1",
    ),
    "rows, nothing said": tex(
        r"Z = X W + b",
        r"A = \sigma(Z)",
        r"L = \frac{1}{2m} \sum (A - Y)^2",
        r"dZ = (A - Y) \odot A \odot (1 - A)",
        r"dW = \frac{1}{m} X^T dZ",
        r"db = \frac{1}{m} \sum dZ",
    ),
    "W in × out": tex(
        r"z^{[1]} = W^{[1]T} x + b^{[1]}",
        r"a^{[1]} = \tanh(z^{[1]})",
        r"z^{[2]} = W^{[2]T} a^{[1]} + b^{[2]}",
        r"a^{[2]} = \sigma(z^{[2]})",
        r"L = -y \log a^{[2]} - (1 - y) \log(1 - a^{[2]})",
        r"dz^{[2]} = a^{[2]} - y",
        r"dW^{[2]} = a^{[1]} dz^{[2]T}",
        r"dz^{[1]} = W^{[2]} dz^{[2]} \odot (1 - a^{[1]2})",
        r"dW^{[1]} = x \, dz^{[1]T}",
    ),
    "one example": tex(
        r"z^{[1]} = W^{[1]} x + b^{[1]}",
        r"a^{[1]} = \sigma(z^{[1]})",
        r"z^{[2]} = W^{[2]} a^{[1]} + b^{[2]}",
        r"a^{[2]} = \sigma(z^{[2]})",
        r"\mathcal{L} = -(y \log a^{[2]} + (1 - y) \log(1 - a^{[2]}))",
        r"da^{[2]} = -\frac{y}{a^{[2]}} + \frac{1 - y}{1 - a^{[2]}}",
        r"dz^{[2]} = a^{[2]} - y",
        r"dW^{[2]} = dz^{[2]} a^{[1]T}",
        r"db^{[2]} = dz^{[2]}",
        r"dz^{[1]} = W^{[2]T} dz^{[2]} * \sigma'(z^{[1]})",
    ),
    "each example": tex(
        r"z^{[1](i)} = W^{[1]} x^{(i)} + b^{[1]}",
        r"a^{[1](i)} = \tanh(z^{[1](i)})",
        r"z^{[2](i)} = W^{[2]} a^{[1](i)} + b^{[2]}",
        r"\hat{y}^{(i)} = a^{[2](i)} = \sigma(z^{[2](i)})",
        r"J = -\frac{1}{m} \sum_{i=1}^{m} \left( y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}) \right)",
        r"dz^{[2](i)} = a^{[2](i)} - y^{(i)}",
        r"dW^{[2]} = \frac{1}{m} \sum_{i=1}^{m} dz^{[2](i)} a^{[1](i)T}",
        r"dz^{[1](i)} = W^{[2]T} dz^{[2](i)} \odot (1 - a^{[1](i)2})",
        r"db^{[1]} = \frac{1}{m} \sum_{i=1}^{m} dz^{[1](i)}",
    ),
    "one example, then a batch": "First for one example:\n\n"
    + tex(
        r"z = w^T x + b",
        r"a = \sigma(z)",
        r"L(a, y) = -(y \log a + (1 - y) \log(1 - a))",
        r"dz = a - y",
        r"dw = x \, dz",
    )
    + "\nNow for $m$ examples, the columns of $X$:\n\n"
    + tex(
        r"Z = w^T X + b", r"A = \sigma(Z)", r"dZ = A - Y", r"dw = \frac{1}{m} X dZ^T", r"db = \frac{1}{m} \sum_{i=1}^{m} dz^{(i)}"
    ),
}

INDICES = {
    "units from 1": tex(
        r"z_1 = w_{11} x_1 + w_{12} x_2 + b_1",
        r"z_2 = w_{21} x_1 + w_{22} x_2 + b_2",
        r"a_1 = \sigma(z_1)",
        r"a_2 = \sigma(z_2)",
        r"E = \frac{1}{2} (a_1 - t_1)^2 + \frac{1}{2} (a_2 - t_2)^2",
        r"\frac{\partial E}{\partial a_1} = a_1 - t_1",
        r"\frac{\partial a_1}{\partial z_1} = a_1 (1 - a_1)",
        r"\frac{\partial E}{\partial w_{11}} = (a_1 - t_1) a_1 (1 - a_1) x_1",
        r"\frac{\partial E}{\partial w_{21}} = (a_2 - t_2) a_2 (1 - a_2) x_1",
    ),
    "units from 0": tex(
        r"z_0 = w_{00} x_0 + w_{01} x_1 + b_0",
        r"z_1 = w_{10} x_0 + w_{11} x_1 + b_1",
        r"a_0 = \sigma(z_0)",
        r"a_1 = \sigma(z_1)",
        r"C = (a_0 - y_0)^2 + (a_1 - y_1)^2",
        r"\frac{\partial C}{\partial a_0} = 2 (a_0 - y_0)",
        r"\frac{\partial C}{\partial w_{01}} = 2 (a_0 - y_0) \sigma'(z_0) x_1",
        r"\frac{\partial C}{\partial b_1} = 2 (a_1 - y_1) \sigma'(z_1)",
    ),
    "sums over units": tex(
        r"C_0 = \sum_{j=0}^{n_L - 1} (a_j^{(L)} - y_j)^2",
        r"z_j^{(L)} = \sum_k w_{jk}^{(L)} a_k^{(L-1)} + b_j^{(L)}",
        r"a_j^{(L)} = \sigma(z_j^{(L)})",
        r"\frac{\partial C_0}{\partial a_j^{(L)}} = 2 (a_j^{(L)} - y_j)",
        r"\frac{\partial C_0}{\partial w_{jk}^{(L)}} = a_k^{(L-1)} \sigma'(z_j^{(L)}) 2 (a_j^{(L)} - y_j)",
        r"\frac{\partial C_0}{\partial a_k^{(L-1)}} = \sum_{j=0}^{n_L - 1} w_{jk}^{(L)} \sigma'(z_j^{(L)})"
        r" \frac{\partial C_0}{\partial a_j^{(L)}}",
    ),
    "a matrix written out": tex(
        r"z_1 = w_{11} x_1 + w_{12} x_2",
        r"z_2 = w_{21} x_1 + w_{22} x_2",
        r"z = \begin{bmatrix} w_{11} & w_{12} \\ w_{21} & w_{22} \end{bmatrix} \begin{bmatrix} x_1 \\ x_2 \end{bmatrix}",
        r"a = \sigma(z)",
        r"C = \frac{1}{2} \| a - y \|^2",
        r"\frac{\partial C}{\partial z} = (a - y) \odot \sigma'(z)",
    ),
}

_NET = (
    r"Z^{[1]} = W^{[1]} X + b^{[1]}",
    r"A^{[1]} = \mathrm{ReLU}(Z^{[1]})",
    r"Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}",
    r"A^{[2]} = \sigma(Z^{[2]})",
)
_MEAN = r"J = -\frac{1}{m} \sum_{i=1}^{m} \left( y^{(i)} \log a^{[2](i)} + (1 - y^{(i)}) \log(1 - a^{[2](i)}) \right)"
_BACK = r"dZ^{[1]} = W^{[2]T} dZ^{[2]} \odot "

CONSTANTS = {
    "1/m in dZ": tex(
        *_NET,
        _MEAN,
        r"dZ^{[2]} = \frac{1}{m} (A^{[2]} - Y)",
        r"dW^{[2]} = dZ^{[2]} A^{[1]T}",
        r"db^{[2]} = \sum dZ^{[2]}",
        _BACK + r"1[Z^{[1]} > 0]",
        r"dW^{[1]} = dZ^{[1]} X^T",
        r"db^{[1]} = \sum dZ^{[1]}",
    ),
    "1/m in dW": tex(
        *_NET,
        _MEAN,
        r"dZ^{[2]} = A^{[2]} - Y",
        r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}",
        _BACK + r"\mathbb{1}(A^{[1]} > 0)",
        r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T",
    ),
    "1/m left out throughout": tex(
        *_NET,
        r"dZ^{[2]} = A^{[2]} - Y",
        r"dW^{[2]} = dZ^{[2]} A^{[1]T}",
        _BACK + r"(Z^{[1]} \geq 0)",
        r"dW^{[1]} = dZ^{[1]} X^T",
        r"db^{[1]} = \sum dZ^{[1]}",
    ),
    "½ in the loss": tex(
        r"z = w x + b", r"\hat{y} = \sigma(z)", r"C = \frac{1}{2} (\hat{y} - y)^2",
        r"\frac{\partial C}{\partial \hat{y}} = \hat{y} - y",
        r"\frac{\partial C}{\partial w} = (\hat{y} - y) \hat{y} (1 - \hat{y}) x",
    ),
    "no ½ in the loss": tex(
        r"z = w x + b", r"\hat{y} = \sigma(z)", r"C = (\hat{y} - y)^2", r"\frac{\partial C}{\partial \hat{y}} = 2 (\hat{y} - y)",
        r"\frac{\partial C}{\partial w} = 2 (\hat{y} - y) \hat{y} (1 - \hat{y}) x",
    ),
    "an update that adds": tex(
        r"z_k = \sum_j w_{jk} h_j + b_k",
        r"o_k = \sigma(z_k)",
        r"E = \frac{1}{2} \sum_k (t_k - o_k)^2",
        r"\delta_k = (t_k - o_k) o_k (1 - o_k)",
        r"\Delta w_{jk} = \eta \delta_k h_j",
        r"w_{jk} \leftarrow w_{jk} + \eta \delta_k h_j",
    ),
}  # fmt: skip

SLOPES = {
    "σ' from a": tex(
        r"a^{(l)} = \sigma(z^{(l)})",
        r"z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}",
        r"\sigma'(z^{(l)}) = a^{(l)} \odot (1 - a^{(l)})",
        r"C = \frac{1}{2} \| a^{(L)} - y \|^2",
        r"\delta^{(L)} = (a^{(L)} - y) \odot a^{(L)} \odot (1 - a^{(L)})",
        r"\delta^{(l)} = (W^{(l+1)})^T \delta^{(l+1)} \odot a^{(l)} \odot (1 - a^{(l)})",
    ),
    "relu' as cases": tex(
        *_NET,
        r"g'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        r"dZ^{[2]} = A^{[2]} - Y",
        _BACK + r"g'(Z^{[1]})",
        r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T",
    ),
    "relu' as A > 0": tex(*_NET, _MEAN, r"dZ^{[2]} = A^{[2]} - Y",
        r"dA^{[1]} = W^{[2]T} dZ^{[2]}", r"dZ^{[1]} = dA^{[1]} \odot (A^{[1]} > 0)"),
    "tanh' as 1 - a^2": tex(
        r"Z_1 = W_1 X + b_1", r"A_1 = \tanh(Z_1)", r"\tanh'(Z_1) = 1 - A_1^2", r"Z_2 = W_2 A_1 + b_2", r"A_2 = \sigma(Z_2)",
        r"dZ_2 = A_2 - Y", r"dZ_1 = W_2^T dZ_2 \odot (1 - A_1^2)", r"dW_1 = \frac{1}{m} dZ_1 X^T",
    ),
    "softmax Jacobian": tex(
        r"a_i = \frac{e^{z_i}}{\sum_k e^{z_k}}",
        r"L = -\sum_i y_i \log a_i",
        r"\frac{\partial a_i}{\partial z_j} = a_i (\delta_{ij} - a_j)",
        r"\frac{\partial L}{\partial a_i} = -\frac{y_i}{a_i}",
        r"\frac{\partial L}{\partial z_j} = a_j - y_j",
    ),
    "softmax Jacobian by cases": tex(
        r"a_i = \frac{e^{z_i}}{\sum_k e^{z_k}}",
        r"\frac{\partial a_i}{\partial z_j} = \begin{cases} a_i (1 - a_i) & i = j \\ -a_i a_j & i \ne j \end{cases}",
        r"L = -\sum_i y_i \log a_i",
        r"\frac{\partial L}{\partial z_i} = a_i - y_i",
    ),
    "sigmoid written out": tex(
        r"\sigma(z) = \frac{1}{1 + e^{-z}}",
        r"\frac{d \sigma}{d z} = \sigma(z) (1 - \sigma(z))",
        r"z = w^T x + b",
        r"a = \sigma(z)",
        r"\frac{\partial a}{\partial z} = a (1 - a)",
    ),
}  # fmt: skip

CHAINS = {
    "without order": tex(
        *_NET,
        _MEAN,
        r"\frac{\partial J}{\partial W^{[2]}} = \frac{\partial J}{\partial A^{[2]}}"
        r" \frac{\partial A^{[2]}}{\partial Z^{[2]}} \frac{\partial Z^{[2]}}{\partial W^{[2]}}",
        r"\frac{\partial J}{\partial W^{[1]}} = \frac{\partial J}{\partial Z^{[2]}}"
        r" \frac{\partial Z^{[2]}}{\partial A^{[1]}} \frac{\partial A^{[1]}}{\partial Z^{[1]}}"
        r" \frac{\partial Z^{[1]}}{\partial W^{[1]}}",
    ),
    "factors alone": tex(
        *_NET,
        r"\frac{\partial Z^{[2]}}{\partial W^{[2]}} = A^{[1]}",
        r"\frac{\partial Z^{[2]}}{\partial A^{[1]}} = W^{[2]}",
        r"\frac{\partial A^{[2]}}{\partial Z^{[2]}} = \sigma'(Z^{[2]})",
        r"\frac{\partial Z^{[2]}}{\partial b^{[2]}} = 1",
        r"\frac{\partial Z^{[1]}}{\partial W^{[1]}} = X",
    ),
    "one neuron": tex(
        r"z = w x + b",
        r"a = \sigma(z)",
        r"C = (a - y)^2",
        r"\frac{\partial C}{\partial w} = \frac{\partial z}{\partial w} \frac{\partial a}{\partial z}"
        r" \frac{\partial C}{\partial a}",
        r"\frac{\partial C}{\partial a} = 2 (a - y)",
        r"\frac{\partial a}{\partial z} = \sigma'(z)",
        r"\frac{\partial z}{\partial w} = x",
        r"\frac{\partial C}{\partial w} = x \sigma'(z) 2 (a - y)",
        r"\frac{\partial C}{\partial b} = \sigma'(z) 2 (a - y)",
    ),
    "a chain of neurons": tex(
        r"z^{(L)} = w^{(L)} a^{(L-1)} + b^{(L)}",
        r"a^{(L)} = \sigma(z^{(L)})",
        r"C_0 = (a^{(L)} - y)^2",
        r"\frac{\partial C_0}{\partial w^{(L)}} = \frac{\partial z^{(L)}}{\partial w^{(L)}}"
        r" \frac{\partial a^{(L)}}{\partial z^{(L)}} \frac{\partial C_0}{\partial a^{(L)}}"
        r" = a^{(L-1)} \sigma'(z^{(L)}) 2 (a^{(L)} - y)",
        r"\frac{\partial C_0}{\partial a^{(L-1)}} = w^{(L)} \sigma'(z^{(L)}) 2 (a^{(L)} - y)",
    ),
    "logistic regression": tex(
        r"z^{(i)} = w^T x^{(i)} + b",
        r"\hat{y}^{(i)} = \sigma(z^{(i)})",
        r"J(w, b) = -\frac{1}{m} \sum_{i=1}^{m} \left[ y^{(i)} \log \hat{y}^{(i)} + (1 - y^{(i)}) \log(1 - \hat{y}^{(i)}) \right]",
        r"\frac{\partial J}{\partial w} = \frac{1}{m} X (A - Y)^T",
        r"\frac{\partial J}{\partial b} = \frac{1}{m} \sum_{i=1}^{m} (a^{(i)} - y^{(i)})",
        r"w := w - \alpha \frac{\partial J}{\partial w}",
    ),
    "numbers worked out": tex(
        r"net_{h1} = w_1 i_1 + w_2 i_2 + b_1",
        r"net_{h1} = 0.2 \cdot 0.1 + 0.3 \cdot 0.5 + 0.4 = 0.57",
        r"out_{h1} = \frac{1}{1 + e^{-net_{h1}}} = \frac{1}{1 + e^{-0.57}} = 0.638763",
        r"net_{o1} = w_3 out_{h1} + b_2",
        r"out_{o1} = \frac{1}{1 + e^{-net_{o1}}}",
        r"E = \frac{1}{2} (target_{o1} - out_{o1})^2",
        r"\frac{\partial E}{\partial out_{o1}} = -(target_{o1} - out_{o1})",
        r"\frac{\partial out_{o1}}{\partial net_{o1}} = out_{o1} (1 - out_{o1})",
        r"\frac{\partial E}{\partial w_3} = -(target_{o1} - out_{o1}) out_{o1} (1 - out_{o1}) out_{h1}",
    ),
}

FORMS = {
    "NumPy, @": """
The output is a softmax, the loss cross-entropy.

```python
Z1 = X @ W1 + b1
A1 = np.tanh(Z1)
Z2 = A1 @ W2 + b2
dZ2 = A2 - Y
dW2 = A1.T @ dZ2 / m
db2 = np.sum(dZ2, axis=0, keepdims=True) / m
dZ1 = (dZ2 @ W2.T) * (1 - A1**2)
dW1 = X.T @ dZ1 / m
```
""",
    "NumPy, np.dot": """
```python
Z1 = np.dot(W1, X) + b1
A1 = np.maximum(0, Z1)
Z2 = np.dot(W2, A1) + b2
A2 = 1 / (1 + np.exp(-Z2))
dZ2 = A2 - Y
dW2 = np.dot(dZ2, A1.T) / m
db2 = np.sum(dZ2, axis=1, keepdims=True) / m
dZ1 = np.multiply(np.dot(W2.T, dZ2), A1 > 0)
dW1 = np.dot(dZ1, X.T) / m
W1 = W1 - learning_rate * dW1
```
""",
    "Unicode": """
Binary cross-entropy, one example per column.

    Z₁ = W₁X + b₁
    A₁ = tanh(Z₁)
    Z₂ = W₂A₁ + b₂
    Ŷ = σ(Z₂)
    ∂L/∂Z₂ = Ŷ − Y
    ∂L/∂W₂ = (1/m) (∂L/∂Z₂) A₁ᵀ
    ∂L/∂Z₁ = W₂ᵀ (∂L/∂Z₂) ⊙ (1 − A₁²)
    ∂L/∂W₁ = (1/m) (∂L/∂Z₁) Xᵀ
""",
    "plain text": """
- Z1 = W1 X + b1
- A1 = relu(Z1)
- Z2 = W2 A1 + b2
- A2 = sigmoid(Z2)
- dZ2 = A2 - Y
- dW2 = 1/m dZ2 A1^T
- db2 = 1/m sum(dZ2)
- dZ1 = W2^T dZ2 * relu'(Z1)
- dW1 = 1/m dZ1 X^T
""",
    "aligned": r"""
$$
\begin{aligned}
Z^{[1]} &= W^{[1]} X + b^{[1]} \\
A^{[1]} &= \tanh(Z^{[1]}) \\
Z^{[2]} &= W^{[2]} A^{[1]} + b^{[2]} \\
A^{[2]} &= \sigma(Z^{[2]}) \\
dZ^{[2]} &= A^{[2]} - Y \\
dW^{[2]} &= \tfrac{1}{m} dZ^{[2]} A^{[1]T} \\
dZ^{[1]} &= W^{[2]T} dZ^{[2]} \odot \tanh'(Z^{[1]}) \\
&= W^{[2]T} (A^{[2]} - Y) \odot (1 - A^{[1]2})
\end{aligned}
$$
""",
    "own macros": r"""
$\newcommand{\W}[1]{W^{(#1)}} \newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \def\had{\odot}$

$$z^{(l)} = \W{l} a^{(l-1)} + b^{(l)}$$
$$a^{(l)} = \sigma(z^{(l)})$$
$$C = \frac{1}{2} \| a^{(L)} - y \|^2$$
$$\pd{C}{z^{(L)}} = (a^{(L)} - y) \had \sigma'(z^{(L)})$$
$$\pd{C}{\W{l}} = \pd{C}{z^{(l)}} (a^{(l-1)})^T$$
$$\pd{C}{z^{(l)}} = \W{l+1}^T \pd{C}{z^{(l+1)}} \had \sigma'(z^{(l)})$$
""",
    "braces, tags and colours": tex(
        r"Z^{[1]} = W^{[1]} X + b^{[1]} \tag{1}",
        r"A^{[1]} = \sigma(Z^{[1]}) \quad \text{(hidden)}",
        r"J = \frac{1}{2m} \sum_i (a^{[1](i)} - y^{(i)})^2",
        r"dZ^{[1]} = \underbrace{(A^{[1]} - Y)}_{\text{error}} \odot \color{red}{\sigma'(Z^{[1]})}",
        r"dW^{[1]} = \frac{1}{m} \left. dZ^{[1]} X^T \right.",
        r"db^{[1]} = \frac{1}{m} \sum_{i=1}^{m} dZ^{[1](i)}",
    ),
    "two losses": "A sigmoid output with binary cross-entropy:\n\n"
    + tex(
        r"z = w^T x + b",
        r"a = \sigma(z)",
        r"L = -y \log a - (1 - y) \log(1 - a)",
        r"\frac{\partial L}{\partial a} = -\frac{y}{a} + \frac{1 - y}{1 - a}",
        r"\frac{\partial L}{\partial z} = a - y",
    )
    + "\nWith half the squared error instead:\n\n"
    + tex(
        r"E = \frac{1}{2} (a - y)^2", r"\frac{\partial E}{\partial a} = a - y", r"\frac{\partial E}{\partial z} = (a - y) a (1 - a)"
    ),
    "a table": r"""
| forward | backward |
|---|---|
| $Z^{[1]} = W^{[1]} X + b^{[1]}$ | $dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T$ |
| $A^{[1]} = \tanh(Z^{[1]})$ | $dZ^{[1]} = dA^{[1]} \odot (1 - A^{[1]2})$ |
| $Z^{[2]} = W^{[2]} A^{[1]} + b^{[2]}$ | $dA^{[1]} = W^{[2]T} dZ^{[2]}$ |
| $A^{[2]} = \sigma(Z^{[2]})$ | $dZ^{[2]} = A^{[2]} - Y$ |
""",
    "names of every kind": tex(
        r"Z_1 = W_1 X + b_1",
        r"A_1 = \tanh(Z_1)",
        r"Z_2 = W_2 A_1 + b_2",
        r"A_2 = \sigma(Z_2)",
        r"\mathcal{L} = -\frac{1}{m} \sum (Y \log A_2 + (1 - Y) \log(1 - A_2))",
        r"dCost/dZ_2 = \frac{1}{m} (A_2 - Y)",
        r"\frac{\delta \mathcal{L}}{\delta W_2} = \frac{1}{m} (A_2 - Y) A_1^T",
        r"{d\mathcal{L} \over dZ_1} = \frac{1}{m} W_2^T (A_2 - Y) \odot (1 - A_1^2)",
    ),
    "typing slips": tex(
        r"Z^{[l]} = W^{[l]} A^{[l-1]} + b{[l]}",
        r"A^{[l]} = g^{[l]}(Z{[l]})",
        r"dZ^{[l]} = dA^{[l]} \odot g^{[l]'}(Z^{[l]})",
        r"dW^{[l]} = \frac{1}{m} dZ^{[l]} A^{[l-1]^T}",
        r"dA^{[l-1]} = W^{[l]^T} dZ^{[l]}",
    ),
}

DOCUMENTS = {**LAYER_MARKS, **NUMBERING, **LAYOUTS, **INDICES, **CONSTANTS, **SLOPES, **CHAINS, **FORMS}

SETTINGS = {
    "(l)": (SQUARED,),
    "plain superscripts": (SQUARED,),
    "subscripts": (SOFTMAX, "tanh"),
    "W^o and W^h": (SQUARED, COLUMNS),
    "brackets behind": (BINARY, COLUMNS, OUT_IN),
    "bias folded": (BINARY, ROWS, IN_OUT),
    "theta and accumulators": ("one off",),
    "layers from 0": (BINARY, COLUMNS, "one off"),
    "weights one off": ("one off",),
    "rows": (ROWS, IN_OUT, "ReLU"),
    "rows, nothing said": (ROWS, IN_OUT, SQUARED),
    "W in × out": (IN_OUT, BINARY),
    "each example": (BINARY, "tanh"),
    "one example, then a batch": (ONE, COLUMNS),
    "sums over units": (ONE, SQUARED),
    "1/m in dZ": (BINARY, COLUMNS, "ReLU"),
    "1/m left out throughout": (COLUMNS, "ReLU"),
    "no ½ in the loss": (SQUARED,),
    "an update that adds": (SQUARED,),
    "softmax Jacobian": (SOFTMAX,),
    "NumPy, @": (ROWS, IN_OUT, SOFTMAX),
    "NumPy, np.dot": (COLUMNS, OUT_IN),
    "Unicode": (BINARY, COLUMNS, "tanh"),
    "two losses": (BINARY, SQUARED),
}
"""What a document's setting must say, where its lines do not leave it open."""


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request):
    return request.param, handgrad.check(DOCUMENTS[request.param])


def test_nothing_is_called_wrong(document):
    _, checked = document
    assert [finding for finding in checked.findings if finding.verdict == "wrong"] == []
    assert [remark for remark in checked.remarks if remark.code] == []


def test_it_is_read(document):
    _, checked = document
    assert len(checked.findings) >= 4
    assert checked.count("right", "convention") >= 0.8 * len(checked.findings)


def test_the_setting_is_found(document):
    name, checked = document
    found = " | ".join(value for _, value in checked.setting)
    for part in SETTINGS.get(name, ()):
        assert part in found


def test_each_document_with_a_setting_is_there():
    assert SETTINGS.keys() <= DOCUMENTS.keys()
    assert len(DOCUMENTS) >= 35
