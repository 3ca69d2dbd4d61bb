# SPDX-License-Identifier: Apache-2.0
"""Measures lychgate beside other proxies that do its job; see Benchmarks/README.md."""
