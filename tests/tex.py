"""TeX formulas to compare: the same formula whatever its spaces, redundant braces, boxes and the order of its scripts."""

import re

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[^\s]")
DROPPED = {r"\left", r"\right", r"\large", r"\displaystyle", r"\,", r"\!", "&"}
COMMANDS = {r"\frac", r"\tilde", r"\hat", r"\mathbf", r"\mathrm", r"\operatorname", r"\text", r"\begin", r"\end"}
SYNONYMS = {r"\prime": "'", r"\mathbb": r"\mathbf"}


def canonical(tex):
    """One string for all ways to write the same formula."""
    tex = re.sub(r"\\label\{[^}]*\}|\\colorbox\{[^}]*\}", "", tex).replace("$", "").replace(r"\boxed", "")
    tex = re.sub(r"\\text\{\s*(\w*)\s*\}", r"\\text{\1}", tex)
    tokens = [SYNONYMS.get(t, t) for t in TOKEN.findall(tex) if t not in DROPPED]
    return " ".join(_row(_group(tokens)))


def _group(tokens):
    """Nested lists for braces."""
    rows = [[]]
    for token in tokens:
        if token == "{":
            rows.append([])
        elif token == "}":
            done = rows.pop()
            rows[-1].append(done)
        else:
            rows[-1].append(token)
    assert len(rows) == 1, "braces do not match"
    return rows[0]


def _row(items):
    """Tokens in one list; arguments of commands and scripts keep their braces, others lose them."""
    found, place = [], 0
    while place < len(items):
        item = items[place]
        if isinstance(item, str) and item in COMMANDS:
            count = 2 if item == r"\frac" else 1
            arguments = [_argument(argument) for argument in items[place + 1 : place + 1 + count]]
            found.append(item + "".join(arguments))
            place += 1 + count
        elif isinstance(item, str) and item in "^_'":
            scripts = {"^": [], "_": []}
            while place < len(items) and isinstance(items[place], str) and items[place] in "^_'":
                if items[place] == "'":
                    scripts["^"].append("'")
                    place += 1
                else:
                    scripts[items[place]].append(_argument(items[place + 1])[1:-1])
                    place += 2
            found.extend(f"{sign}{{{' '.join(parts)}}}" for sign, parts in sorted(scripts.items()) if parts)
        elif isinstance(item, list):
            found.extend(_row(item))
            place += 1
        else:
            found.append(item)
            place += 1
    return found


def _argument(item):
    return "{" + " ".join(_row(item if isinstance(item, list) else [item])) + "}"
