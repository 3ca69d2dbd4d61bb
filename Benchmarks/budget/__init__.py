# SPDX-License-Identifier: Apache-2.0
"""Counts instructions under callgrind and holds them against Benchmarks/budget.json; see Benchmarks/README.md."""
