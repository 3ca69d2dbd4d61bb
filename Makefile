# SPDX-License-Identifier: Apache-2.0
#
# make demo            build it and see it work; TOUR=1: the tour runs by itself and ends
# make test            what CI checks, but for make budget; FILTER=REGEX: only the tests that match
# make chaos           the tests of workers in trouble at full length: minutes
# make simulate        simulated worlds, SEEDS=n of them, from FIRST=m on, in an optimised build
# make soak            N=n requests (a million) abandoned in every way and state, against the optimised programs; OUT=file
# make build           the programs, optimised, into .build/release
# make deb             Debian's packages, into .build/deb, and what lintian and its like say of them
# make test-deb        their life on a fresh Debian 12, from installation to purge; needs root
# make docs            docs/configuration.md, out of the program's own table of keys
# make lint, format    the sources' checks; the formatter
# make attacks, watches HTTP/2 under attack, and 10,000 watches over it (Tests/Makefile.inc)
# make bench, budget   its speed and memory beside other proxies; its instructions (Benchmarks/Makefile.inc)

SWIFT ?= swift
SOURCES := Package.swift Sources Tests
SCRIPTS := $(wildcard scripts/*) .ci/run Tests/Packaging/inside Tests/Systemd/inside \
    $(addprefix packaging/debian/lychgate.,postinst prerm postrm)

.PHONY: build demo test chaos simulate soak deb test-deb docs lint format

build:
	scripts/install-dependencies build
	$(SWIFT) build --configuration release --product lychgate
	$(SWIFT) build --configuration release --product lychgate-worker
	$(SWIFT) build --configuration release --product lychgate-demo

demo: build
	.build/release/lychgate demo $(if $(TOUR),--tour)

test: lint
	scripts/install-dependencies build test
	scripts/make-test-venv
	shellcheck $(SCRIPTS)
	$(SWIFT) build --build-tests
	scripts/check-binaries .build/debug
ifdef FILTER
	$(SWIFT) test --skip-build --filter '$(FILTER)'
else
	$(SWIFT) test --skip-build --skip '^IntegrationTests\.'
	$(SWIFT) test --skip-build --filter '^IntegrationTests\.'
	scripts/test-systemd .build/debug
endif

chaos:
	scripts/install-dependencies build test
	scripts/make-test-venv
	$(SWIFT) build --build-tests
	LYCHGATE_CHAOS=1 $(SWIFT) test --skip-build --filter '^IntegrationTests\.Integration/FaultTests'

simulate:
	scripts/install-dependencies build test
	scripts/simulate $(or $(SEEDS),2000) $(or $(FIRST),1)

deb:
	scripts/install-dependencies build deb
	scripts/make-deb
	scripts/check-deb

test-deb: deb
	scripts/install-dependencies test-deb
	scripts/test-deb

docs:
	$(SWIFT) build --product lychgate
	.build/debug/lychgate reference >docs/configuration.md

soak:
	scripts/install-dependencies build test
	$(SWIFT) build --configuration release --product lychgate
	$(SWIFT) build --configuration release --product lychgate-worker
	$(SWIFT) build --configuration release --product lychgate-soak
	LYCHGATE_BIN=$(CURDIR)/.build/release .build/release/lychgate-soak run requests=$(or $(N),1000000) \
		out=$(CURDIR)/$(or $(OUT),.build/soak.json)

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)
	scripts/check-sources

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

include Benchmarks/Makefile.inc Tests/Makefile.inc
