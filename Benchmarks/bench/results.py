# SPDX-License-Identifier: Apache-2.0
"""From samples to medians, and to the files."""

import json
import statistics

from . import plot
from .table import COLUMNS, document, mode_table
from .workspace import ROOT

DOCUMENTS = ROOT / "docs" / "benchmarks"


def medians(samples, peers, modes):
    """{mode: {peer: {figure: median}}}; a peer that skipped or failed has only `skipped`."""
    result = {}
    for mode in modes:
        result[mode] = {}
        for peer in peers:
            taken = [s for s in samples if s["mode"] == mode and s["peer"] == peer]
            good = [s["figures"] for s in taken if "figures" in s]
            if good:
                result[mode][peer] = {
                    name: statistics.median(figures[name] for figures in good if name in figures)
                    for name in good[0]} | {"rounds": len(good)}
            elif taken:
                result[mode][peer] = {"skipped": taken[-1].get("skipped") or taken[-1]["failed"]}
    return result


class Figures:
    """What was measured: medians, and ratios, which are the medians of the rounds' ratios: the machine drifts from one
    round to the next by more than the peers differ, and much less between neighbours."""

    def __init__(self, result):
        self.medians, self.samples = result["medians"], result["samples"]

    def value(self, mode, peer, name):
        return self.medians[mode][peer][name]

    def turns(self, mode, name, peer):
        """{(round, turn within it): figure}."""
        taken = {}
        for s in self.samples:
            if s["mode"] == mode and s["peer"] == peer:
                turn = sum(1 for known in taken if known[0] == s["round"])
                taken[s["round"], turn] = s.get("figures", {}).get(name)
        return {turn: figure for turn, figure in taken.items() if figure is not None}

    def ratio(self, mode, name, peer, other):
        """Raises KeyError where there is none."""
        ours, theirs = (self.turns(mode, name, who) for who in (peer, other))
        found = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn)]
        if not found:
            raise KeyError(name)
        return statistics.median(found)


def show(result, titles):
    figures = Figures(result)
    for mode in result["medians"]:
        print()
        print(mode_table(mode, figures, titles))


def write(result, titles, out, publish):
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"bench: figures are in {out}")
    if not publish:
        return
    DOCUMENTS.mkdir(parents=True, exist_ok=True)
    plots = {}
    for mode, by_peer in result["medians"].items():
        heading, columns = COLUMNS[mode]
        name, unit = columns[0][0], columns[0][1]
        values = []
        for peer, figures in by_peer.items():
            if name not in figures:
                continue
            taken = [s["figures"][name] for s in result["samples"]
                     if s["mode"] == mode and s["peer"] == peer and "figures" in s]
            values.append((titles[peer], figures[name], min(taken), max(taken), peer.startswith("lychgate")))
        if values:
            plots[mode] = f"{mode}.svg"
            (DOCUMENTS / plots[mode]).write_text(plot.bars(heading, unit, values))
    (DOCUMENTS / "results.md").write_text(document(result, Figures(result), titles, plots))
    (DOCUMENTS / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"bench: tables and plots are in {DOCUMENTS.relative_to(ROOT)}")
