"""Words by which prose and formulas are told apart."""

from handgrad.check.greek import SMALL


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPS = _words(
    """the of is are was were be been being it its this that these those we you they he she our your their his my and or in on at by
    to from into than then so let not can could will would should has have had does did also use using used but an as via per
    each every all any both which what who how why there here now note see only just same because since while thus hence
    therefore number called given get gets go me no do us up am"""
)
"""Words of prose that are never names."""

CONNECTORS = _words("where with for if when and or so then which is as because since while using in on at are by but thus hence")
"""Words that may follow an equation."""

CONDITIONS = _words("if else otherwise when for where elsewhere")
"""Words that may stand within one, before or after a comparison."""

FUNCTIONS = _words(
    """log ln exp sum mean max min dot matmul multiply outer tanh sigmoid relu leakyrelu softmax softplus sin cos sqrt abs norm diag
    ones zeros argmax sign trace sech elu selu gelu silu identity transpose avg average"""
)
ACTIVATIONS = _words("tanh sigmoid relu leakyrelu softmax softplus logistic")
ADDING = _words("sum mean average Σ ∑")
KNOWN = FUNCTIONS | SMALL | _words("np numpy torch prime logits yhat axis keepdims hadamard partial nabla")
"""Words that are names or functions wherever they stand."""

COMPOUNDS = _words("cross fully feed leaky one mini multi pre post non self well two three back element")
"""First parts of compounds such as cross-entropy, which are no differences."""

LANGUAGES = _words(
    """bash sh shell console zsh powershell json yaml yml toml ini xml html css js javascript jsx ts typescript tsx java kotlin
    scala c cpp c++ cc h cuda csharp cs c# go rust rs ruby rb php swift sql dockerfile makefile cmake diff mermaid dot graphviz
    bibtex lua perl haskell hs ocaml fortran zig dart"""
)
"""Languages of fences that are not read."""

TEX = _words("math latex tex katex mathjax amsmath")
PYTHON = _words("python py python3 ipython ipython3 pycon numpy code-cell")

ENVIRONMENTS = _words(
    """equation align gather multline eqnarray alignat flalign displaymath math dmath aligned alignedat gathered split cases dcases
    rcases array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix"""
)
"""LaTeX's environments of mathematics, without stars."""

WRAPPINGS = _words("equation displaymath math dmath")
"""Those that do nothing but say that mathematics begins."""

TEXT_COMMANDS = _words("text textbf textit textrm textsf texttt textnormal mbox hbox fbox colorbox fcolorbox parbox intertext")
"""Commands whose last argument is text, in which $ opens a formula."""
