# SPDX-License-Identifier: Apache-2.0
"""Reads Prometheus' text format from the file named, and prints its samples as JSON; fails when it is not
valid."""

import json
import sys

from prometheus_client.parser import text_fd_to_metric_families


def main():
    with open(sys.argv[1], encoding="utf-8") as text:
        families = list(text_fd_to_metric_families(text))
    names = [family.name for family in families]
    if len(set(names)) != len(names):
        raise SystemExit("a family comes twice")
    seen = set()
    samples = []
    for family in families:
        if family.type == "unknown" or not family.documentation:
            raise SystemExit(f"{family.name} has no type or no help")
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                raise SystemExit(f"{key} comes twice")
            seen.add(key)
            samples.append({"name": sample.name, "labels": sample.labels, "value": sample.value})
    json.dump(samples, sys.stdout)


main()
