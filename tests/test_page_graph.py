"""The page's graph: what it shows at every step is what the reference pass computes, and units are chosen in it."""

import json
import re

import numpy as np
import pytest
from browser import in_browser
from explained import explained

from handgrad import Network
from handgrad.explain.page import to_page

pytestmark = in_browser

SMALL = "2-3:tanh-2:sigmoid"
DRAWN = """() => [...document.querySelectorAll("#graph :is(.node, .edge, .bias, .loss, .target)")].map((part) => ({
    kind: ["node", "edge", "bias", "loss", "target"].find((name) => part.classList.contains(name)),
    ...part.dataset, unit: part.dataset.unit ?? part.parentElement.dataset.unit, classes: [...part.classList],
}))"""

EVERY = f"""(change) => [...Array(window.handgrad.data.steps.length + 1).keys()].map((step) => {{
    window.handgrad.store.set({{ ...change, step }});
    return ({DRAWN})();
}})"""


def test_every_number_drawn_at_every_step_is_that_of_the_reference_pass(opened):
    found = _explained("3-4:relu-3:softmax", samples=4, iterations=2, optimiser="momentum", learning_rate=0.3)
    page = opened(to_page(found))
    for number, iteration in enumerate(found.iterations):
        for edges in ("weights", "gradients"):
            every = page.evaluate(EVERY, {"iteration": number, "example": 2, "edges": edges})
            assert len(every) == _steps(page) + 1
            for part in (part for parts in every for part in parts if "value" in part):
                array = np.asarray(iteration.values[part["key"]])
                assert float(part["value"]) == array[_place(part, array, example=2)], part


def test_a_layer_shows_what_is_computed_last(opened):
    found = _explained(SMALL, iterations=1)
    page = opened(to_page(found))
    every = page.evaluate(EVERY, {})
    shown = {1: None, 2: None}
    steps = {step.equation.id: step.equation for step in found.steps}
    for name, parts in zip(_ids(page), every, strict=False):
        axes = [str(axis) for axis in steps[name].left.axes]
        shown.update({layer: steps[name].key for layer in shown if axes == [f"unit[{layer}]", "example"]})
        for layer, key in shown.items():
            nodes = [part for part in parts if part["kind"] == "node" and part["layer"] == str(layer)]
            assert {node.get("key") for node in nodes} == {key}
            assert all(("value" in node) == (key is not None) for node in nodes)


def test_what_is_not_computed_yet_is_empty(opened):
    page = opened(to_page(_explained(SMALL)))
    _go(page, "A1")
    assert not any("empty" in node["classes"] for layer in (0, 1) for node in _drawn(page, "node", layer))
    for part in (*_drawn(page, "node", 2), *_drawn(page, "loss"), *_drawn(page, "target")):
        assert "value" not in part
        assert part["kind"] == "target" or "empty" in part["classes"]
    assert page.locator(".node[data-layer='2'] .number").all_text_contents() == ["", ""]
    assert page.get_by_role("button", name="unit 1 of layer 2: not computed yet").count() == 1


@pytest.mark.parametrize("loss", ["mean_squared_error", "cross_entropy"])
def test_the_loss_and_its_targets(opened, loss):
    found = _explained(f"2-3:tanh-2:{'softmax' if loss == 'cross_entropy' else 'identity'}")
    page = opened(to_page(found))
    values = found.iterations[0].values
    _set(page, example=1)
    _go(page, "ell")
    assert float(_drawn(page, "loss")[0]["value"]) == values["ell"][1]
    assert [float(target["value"]) for target in _drawn(page, "target")] == values["Y"][:, 1].tolist()
    assert all("reads" in target["classes"] for target in _drawn(page, "target"))
    _go(page, "J")
    assert float(_drawn(page, "loss")[0]["value"]) == found.loss
    assert "writes" in _drawn(page, "loss")[0]["classes"]


def test_after_their_update_edges_show_the_new_weights(opened):
    found = _explained(SMALL, learning_rate=0.5)
    page = opened(to_page(found))
    _go(page, "update_W1")
    assert np.array_equal(_weights(page, 1), found.after.W[1])
    assert np.array_equal(_weights(page, 2), found.before.W[2])
    _set(page, step=_steps(page))
    assert np.array_equal(_weights(page, 2), found.after.W[2])
    assert [float(bias["value"]) for bias in _drawn(page, "bias", 2)] == found.after.b[2].ravel().tolist()


def test_edges_by_gradients_are_known_from_their_step_on(opened):
    found = _explained(SMALL)
    page = opened(to_page(found))
    _set(page, edges="gradients")
    _go(page, "A2")
    assert all("value" not in edge and "empty" in edge["classes"] for edge in _drawn(page, "edge"))
    _go(page, "db2")
    assert np.array_equal(_weights(page, 2), found.iterations[0].gradients.W[2])
    assert all("value" not in edge for edge in _drawn(page, "edge", 1))


def test_a_step_lights_up_what_it_is_about_even_where_edges_show_gradients(opened):
    page = opened(to_page(_explained(SMALL)))
    _set(page, edges="gradients")
    _go(page, "Z1")
    assert {edge.get("key") for edge in _drawn(page, "edge", 1)} == {"W[1]"}
    _set(page, edges="weights")
    _go(page, "dW1")
    assert {edge.get("key") for edge in _drawn(page, "edge", 1)} == {"dW[1]"}
    assert {edge.get("key") for edge in _drawn(page, "edge", 2)} == {"W[2]"}


LIT = {
    "Z2": {"node 1": "reads", "edge 2": "reads", "bias 2": "reads", "node 2": "writes"},
    "A2": {"node 2": "reads writes"},
    "dA1": {"node 2": "reads", "edge 2": "reads", "node 1": "writes"},
    "dW2": {"node 2": "reads", "node 1": "reads", "edge 2": "writes"},
    "db1": {"node 1": "reads", "bias 1": "writes"},
    "update_W2": {"edge 2": "reads writes"},
}


def test_a_step_lights_up_what_it_reads_and_writes(opened):
    page = opened(to_page(_explained(SMALL)))
    for step, expected in LIT.items():
        _go(page, step)
        lit = {}
        for part in _drawn(page):
            roles = " ".join(name for name in part["classes"] if name in {"reads", "writes"})
            lit.setdefault(f"{part['kind']} {part.get('layer')}", set()).add(roles)
        assert {name: " ".join(roles) for name, roles in lit.items() if roles != {""}} == expected, step
    _set(page, step=_steps(page))
    assert not any({"reads", "writes"} & set(part["classes"]) for part in _drawn(page))


USED = {
    "Z2": {(2, 0, 1), (2, 1, 1), (2, 2, 1)},  # the weights into unit 2 of layer 2
    "dA1": {(2, 2, 0), (2, 2, 1)},  # those out of unit 3 of layer 1
    "dW2": {(2, 2, 1)},
    "dZ2": set(),
}


def test_the_edges_that_the_chosen_entry_uses_stand_out_with_their_numbers(opened):
    found = _explained(SMALL)
    page = opened(to_page(found))
    _set(page, units=[0, 2, 1], focus=2)
    for step, expected in USED.items():
        _go(page, step)
        used = [edge for edge in _drawn(page, "edge") if "used" in edge["classes"]]
        assert {(int(edge["layer"]), int(edge["from"]), int(edge["to"])) for edge in used} == expected, step
        labels = sorted(float(text) for text in page.locator("#graph .label").all_text_contents())
        assert labels == pytest.approx(sorted(float(edge["value"]) for edge in used), rel=5e-3), step


def test_all_that_the_chosen_entry_takes_stands_out(opened):
    """Of a softmax the whole column: the entry is written, all are read; of an entry by entry step that entry alone."""
    page = opened(to_page(_explained("2-3:tanh-4:softmax")))
    _set(page, units=[0, 2, 1], focus=2)
    for step, used, takes in [("A2", {0, 1, 2, 3}, {0, 2, 3}), ("dZ2", {1}, set()), ("dA1", {0, 1, 2, 3}, {0, 1, 2, 3})]:
        _go(page, step)
        nodes = _drawn(page, "node", 2)
        for name, expected in {"used": used, "takes": takes}.items():
            assert {int(node["unit"]) for node in nodes if name in node["classes"]} == expected, (step, name)


def test_the_chosen_path_is_marked(opened):
    page = opened(to_page(_explained(SMALL)))
    _set(page, units=[1, 2, 0], focus=1)
    path = {(edge["layer"], edge["from"], edge["to"]) for edge in _drawn(page, "edge") if "path" in edge["classes"]}
    assert path == {("1", "1", "2"), ("2", "2", "0")}
    for name, expected in {"chosen": ["0 1", "1 2", "2 0"], "focus": ["1 2"]}.items():
        assert [f"{node['layer']} {node['unit']}" for node in _drawn(page, "node") if name in node["classes"]] == expected


def test_wide_layers_are_folded_around_the_chosen_unit(opened):
    page = opened(to_page(_explained("40-30:relu-3:softmax")))
    for unit in (0, 5, 7, 17, 28, 29):
        _set(page, units=[39 - unit, unit, 0], focus=1)
        for layer, (size, chosen) in enumerate([(40, 39 - unit), (30, unit)]):
            drawn = [int(node["unit"]) for node in _drawn(page, "node", layer)]
            assert {0, chosen, size - 1} <= set(drawn)
            assert drawn == sorted(set(drawn))
            assert len(drawn) <= 9
            folds = page.locator(f"#graph .fold[data-layer='{layer}']").all_text_contents()
            hidden = [int(re.search(r"\d+", text)[0]) for text in folds]
            assert sum(hidden) == size - len(drawn)
            assert min(hidden) > 1
    assert len(_drawn(page, "node", 2)) == 3


def test_choosing_what_is_folded_away(opened):
    page = opened(to_page(_explained("40-3:relu-2:softmax")))
    page.locator("#graph .fold").click()
    assert _state(page)["units"] == [6, 0, 0]
    page.keyboard.press("ArrowDown")  # nothing of the graph has the focus
    assert _state(page)["units"] == [6, 0, 0]
    page.locator(".node[data-layer='0'][data-unit='6']").click()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("PageDown")
    assert _state(page)["units"] == [19, 0, 0]
    assert page.evaluate("document.activeElement.dataset.unit") == "19"  # though the graph was built anew
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    assert _state(page)["units"] == [39, 0, 0]


def test_one_tab_stop_and_arrows_that_choose(opened):
    page = opened(to_page(_explained(SMALL)))
    _set(page, units=[0, 0, 0], focus=2)
    stop = page.locator("#graph [tabindex='0']")
    stop.focus()
    before = _state(page)["step"]
    for key, layer, unit in [
        ("ArrowDown", 2, 1), ("ArrowDown", 2, 1), ("ArrowLeft", 1, 0), ("ArrowDown", 1, 1), ("ArrowDown", 1, 2),
        ("ArrowLeft", 0, 0), ("ArrowLeft", 0, 0), ("ArrowUp", 0, 0), ("ArrowRight", 1, 2), ("ArrowRight", 2, 1),
        ("ArrowRight", 2, 1),
    ]:  # fmt: skip
        page.keyboard.press(key)
        state = _state(page)
        assert (state["focus"], state["units"][layer], state["step"]) == (layer, unit, before)
        assert stop.count() == 1
        focused = page.evaluate("({ ...document.activeElement.dataset, pressed: document.activeElement.ariaPressed })")
        assert (focused["layer"], focused["unit"], focused["pressed"]) == (str(layer), str(unit), "true")


@pytest.mark.parametrize("touch", [False, True])
def test_clicks_and_taps_choose_units_weights_and_biases(opened, touch):
    page = opened(to_page(_explained(SMALL)), width=390 if touch else 1280, has_touch=touch)
    meet = page.touchscreen.tap if touch else page.mouse.click
    for where, units, focus in [
        (".node[data-layer='1'][data-unit='2']", [0, 2, 0], 1),
        (".edge[data-layer='1'][data-from='1'][data-to='0'] .line", [1, 0, 0], 1),
        (".node[data-layer='2'][data-unit='1']", [1, 0, 1], 2),
        (".bias[data-layer='1'][data-unit='1']", [1, 1, 1], 1),
        (".node[data-layer='0'][data-unit='0']", [0, 1, 1], 0),
    ]:
        part = page.locator(f"#graph {where}")
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        along = 0.17 if "edge" in where else 0.5  # where no other edge crosses
        y = 1 - along if "edge" in where else 0.5
        meet(box["x"] + along * box["width"], box["y"] + y * box["height"])
        assert (_state(page)["units"], _state(page)["focus"]) == (units, focus), where


def test_pointing_at_a_weight_says_its_number(opened):
    found = _explained(SMALL)
    page = opened(to_page(found))
    page.locator("#graph .edge[data-layer='1'][data-from='0'][data-to='0'] .met").dispatch_event("pointerover", {"bubbles": True})
    said = page.locator("#graph .edge[data-layer='1'][data-from='0'][data-to='0'] title").text_content()
    assert said.startswith("W[1] from input 1 to unit 1 of layer 1: ")
    assert float(said.rpartition(" ")[2]) == pytest.approx(found.before.W[1][0, 0], rel=1e-3)


def test_units_are_called_by_what_they_show(opened):
    found = _explained(SMALL)
    page = opened(to_page(found))
    _go(page, "A1")
    called = page.locator(".node[data-layer='1'][data-unit='1']").get_attribute("aria-label")
    words, _, number = called.removesuffix(", written by this step").rpartition(" = ")
    assert words == "unit 2 of layer 1: A[1]"
    assert float(number) == pytest.approx(found.iterations[0].values["A[1]"][1, 0], rel=1e-3)
    _set(page, notation=next(i for i, each in enumerate(_data(page)["notations"]) if each["id"] == "nielsen"))
    assert "unit 2 of layer 1: A[1]" not in page.locator(".node[data-layer='1'][data-unit='1']").get_attribute("aria-label")


def test_names_of_inputs_and_classes_are_text(opened):
    html = to_page(_explained(SMALL))
    for name, words in {"inputs": ["<b>x</b>", "a name longer than fits"], "outputs": ["yes", "no"]}.items():
        html = html.replace(f'"{name}":[]', f'"{name}":{json.dumps(words)}'.replace("<", "\\u003c"), 1)
    page = opened(html)
    assert page.locator("#graph text.name").all_text_contents() == ["<b>x</b>", "a name longer…", "yes", "no"]
    assert page.get_by_role("button", name="input 2 (a name longer than fits)").count() == 1


def test_a_long_network_scrolls_to_the_layer_of_the_step(opened):
    page = opened(to_page(_explained("-".join(["3", *["4:tanh"] * 9, "2:sigmoid"]))), width=390, reduced_motion="reduce")
    for step, layer in [("Z1", 1), ("A6", 6), ("dZ9", 9), ("dA4", 4)]:
        _go(page, step)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        for each in (layer - 1, layer):
            box = page.locator(f".node[data-layer='{each}'][data-unit='0'] .body").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_small_network_fits_a_phone(opened):
    page = opened(to_page(_explained(SMALL)), width=390)
    _go(page, "J")
    assert page.locator(".graph-scroll").evaluate("at => at.scrollWidth - at.clientWidth") <= 0
    assert [text.split(" ")[0] for text in page.locator(".graph .target").all_text_contents()] == ["target", "target"]
    targets = [part.bounding_box() for part in page.locator(".graph .target").all()]
    nodes = [part.bounding_box() for part in page.locator(".node[data-layer='2'] .body").all()]
    for target, node in zip(targets, nodes, strict=True):
        assert target["y"] >= node["y"] + node["height"]


def test_scrolling_cuts_no_column_at_the_left(opened):
    page = opened(to_page(_explained("-".join(["3", *["4:tanh"] * 9, "2:sigmoid"]))), width=390, reduced_motion="reduce")
    for step in ("Z2", "A5", "J", "dA7"):
        _go(page, step)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        left = page.locator(".graph-scroll").bounding_box()["x"]
        boxes = [part.bounding_box() for part in page.locator(".node[data-unit='0'] .body").all()]
        assert not any(box["x"] < left < box["x"] + box["width"] for box in boxes), step


def _explained(network, **options):
    return explained(Network(network), **options)


def _data(page):
    return page.evaluate("window.handgrad.data")


def _ids(page):
    return page.evaluate("window.handgrad.data.steps.map((step) => step.id)")


def _steps(page):
    return len(_ids(page))


def _state(page):
    return page.evaluate("window.handgrad.store.state")


def _set(page, **change):
    page.evaluate("(change) => window.handgrad.store.set(change)", change)


def _go(page, step):
    _set(page, step=_ids(page).index(step))


def _drawn(page, kind=None, layer=None):
    parts = page.evaluate(DRAWN)
    return [part for part in parts if kind in (None, part["kind"]) and (layer is None or part.get("layer") == str(layer))]


def _place(part, array, example):
    """Where a part's number stands in its array."""
    if part["kind"] == "edge":
        return int(part["to"]), int(part["from"])
    units = [] if part["kind"] == "loss" else [int(part["unit"])]
    return (*units, example)[: array.ndim]


def _weights(page, layer):
    """The matrix that the edges into a layer show."""
    edges = _drawn(page, "edge", layer)
    found = np.full([1 + max(int(edge[end]) for edge in edges) for end in ("to", "from")], np.nan)
    for edge in edges:
        found[int(edge["to"]), int(edge["from"])] = float(edge["value"])
    return found
